// Work on the database itself: only where its owner allows it, after a proven backup, and never beside a writer.
import { chmodSync, chownSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { spawnTypeScript } from '../../support/spawn-lines.ts';
import { TypedWorld } from '../../support/typed-world.ts';

const holdExclusively = join(import.meta.dirname, '../../fixtures/hold-exclusively.ts');
const day = 24 * 60 * 60_000;
const allowed = 'maintain = { vacuum_days = 30, optimize_days = 7, integrity_days = 30 }';
const isRoot = process.geteuid?.() === 0;

/** A database of which two thirds are free, in a world whose owner allows what `app` says. */
function world(app = allowed, journalMode = 'delete'): TypedWorld {
  const made = new TypedWorld();
  const database = new Database(made.database);
  database.pragma(`journal_mode = ${journalMode}`);
  database.exec(`PRAGMA user_version = 7; PRAGMA application_id = 4711;
    CREATE TABLE booking (id INTEGER PRIMARY KEY, guest TEXT);
    CREATE INDEX by_guest ON booking (guest);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000) INSERT INTO booking SELECT i, hex(randomblob(40)) FROM n;
    DELETE FROM booking WHERE id % 3`);
  database.close();
  made.configure({ app, top: 'clock = "trusted"' });
  return made;
}

/** What an app would find. */
function contentOf(path: string): unknown[] {
  const database = new Database(path, { readonly: true });
  try {
    const pragmas = ['user_version', 'application_id', 'journal_mode', 'page_size', 'integrity_check'];
    return [
      database.prepare('SELECT * FROM booking ORDER BY id').all(),
      ...pragmas.map((name) => database.pragma(name)),
    ];
  } finally {
    database.close();
  }
}

const size = (made: TypedWorld) => statSync(made.database).size;
const backups = (made: TypedWorld) => made.stored().filter((name) => /^backups\/.*\.db$/.test(name));

describe.each(['delete', 'wal'])('in journal mode %s', (mode) => {
  test('a vacuum makes the file smaller, changes nothing in it, and a proven backup was made before', async () => {
    await using made = world(allowed, mode);
    chmodSync(made.database, 0o660);
    const [before, content] = [size(made), contentOf(made.database)];
    const ended = await made.run('db-maintain', ['vacuum']);
    expect(ended).toMatchObject({ exitCode: 0 });
    expect(ended.stdout).toMatch(/bookings: vacuum: [\d.]+ MB of [\d.]+ MB gained/);
    expect(size(made)).toBeLessThan(before / 2);
    expect(readdirSync(dirname(made.database)).filter((name) => name.startsWith('bookings.db-'))).toEqual([]);
    expect(contentOf(made.database)).toEqual(content);
    expect(statSync(made.database).mode & 0o777).toBe(0o660);
    expect(backups(made)).toHaveLength(1);
    // What is smaller by that is not suspect, and what is backed up is the same data.
    const next = await made.run('db-backup', ['run']);
    expect(next.exitCode).toBe(0);
    expect((await made.run('db-backup', ['verify', '--all'])).exitCode).toBe(0);
  });

  test('beside a writer nothing is done, and nothing is changed', async () => {
    await using made = world(allowed, mode);
    const content = contentOf(made.database);
    // Of this process it would lose its lock with the first file that is closed here.
    {
      await using writer = spawnTypeScript(holdExclusively, [made.database]);
      await writer.line('held');
      const ended = await made.run('db-maintain', ['vacuum']);
      expect(ended.exitCode).toBe(69);
      expect(ended.stderr).toMatch(/the app writes in it, or reads for long|keeps it locked/);
      await writer.kill('SIGKILL');
    }
    // Whoever opens it next finds what was committed.
    expect(contentOf(made.database)).toEqual(content);
  });

  test.skipIf(!isRoot)('what root does leaves nothing that the app could not write', async () => {
    await using made = world(allowed, mode);
    const [directory, nobody] = [dirname(made.database), 65_534];
    chmodSync(made.home, 0o755);
    for (const path of [directory, made.database]) chownSync(path, nobody, nobody);
    expect((await made.run('db-maintain', ['vacuum'])).exitCode).toBe(0);
    const owners = readdirSync(directory).map((name) => [name, statSync(join(directory, name)).uid]);
    expect(owners.filter(([name]) => String(name).startsWith('bookings.db'))).toEqual([
      ['bookings.db', nobody],
    ]);
  });
});

describe('the timer', () => {
  test('does what is due, once', async () => {
    await using made = world();
    const first = await made.run('db-maintain', []);
    expect(first.stdout).toMatch(/integrity: every page[^]*vacuum: [^]*optimize: /);
    expect(backups(made)).toHaveLength(1);
    const second = await made.run('db-maintain', []);
    expect(second.stdout.match(/not needed/g)).toHaveLength(3);
    made.clock.advance(8 * day);
    const third = await made.run('db-maintain', []);
    expect(third.stdout).toMatch(/vacuum not needed[^]*optimize: the statistics/);
  });

  test('leaves a file with little free space as it is', async () => {
    await using made = world('maintain = { vacuum_days = 1, min_free_percent = 99 }');
    const bytes = readFileSync(made.database);
    const ended = await made.run('db-maintain', []);
    expect(ended.stdout).toContain('it is worth it from 99 % on');
    expect(readFileSync(made.database).equals(bytes)).toBe(true);
    expect(backups(made)).toEqual([]);
  });
});

describe('nothing is written', () => {
  test.each([
    ['without leave', '', 'vacuum', 78, 'does not allow it'],
    ['without leave, by the timer', '', 'run', 78, 'does not allow it'],
  ])('%s', async (_, app, command, exitCode, words) => {
    await using made = world(app);
    const bytes = readFileSync(made.database);
    const ended = await made.run('db-maintain', [command]);
    expect(ended.exitCode).toBe(exitCode);
    expect(ended.stderr).toContain(words);
    expect(readFileSync(made.database).equals(bytes)).toBe(true);
    expect(made.stored()).toEqual([]);
  });

  test('by --dry-run, which says what would be gained', async () => {
    await using made = world();
    const bytes = readFileSync(made.database);
    const ended = await made.run('db-maintain', ['vacuum', '--dry-run']);
    expect(ended).toMatchObject({ exitCode: 0 });
    expect(ended.stdout).toMatch(/would do vacuum: about [\d.]+ [kM]B would be gained/);
    expect(readFileSync(made.database).equals(bytes)).toBe(true);
    expect(made.stored()).toEqual([]);
  });

  test('where the backup is suspect', async () => {
    await using made = world();
    await made.run('db-backup', ['run']);
    const app = new Database(made.database);
    app.exec('DELETE FROM booking');
    app.close();
    const bytes = readFileSync(made.database);
    const ended = await made.run('db-maintain', ['vacuum']);
    expect(ended.exitCode).toBe(73);
    expect(ended.stderr).toContain('its backup is suspect');
    expect(readFileSync(made.database).equals(bytes)).toBe(true);
  });

  test('where the schema needs what only the app has', async () => {
    await using made = world();
    const app = new Database(made.database);
    app.function('twice', { deterministic: true }, (text) => `${String(text)}${String(text)}`);
    app.exec('CREATE INDEX by_twice ON booking (twice(guest))');
    app.close();
    const bytes = readFileSync(made.database);
    const ended = await made.run('db-maintain', ['vacuum']);
    expect(ended.exitCode).not.toBe(0);
    expect(ended.exitCode).not.toBe(70);
    expect(readFileSync(made.database).equals(bytes)).toBe(true);
  });

  test('to a damaged database, which a check of a copy names', async () => {
    await using made = world('');
    const bytes = readFileSync(made.database);
    bytes.fill(0xff, 4096 * 3, 4096 * 5);
    writeFileSync(made.database, bytes);
    const ended = await made.run('db-maintain', ['integrity']);
    expect(ended.exitCode).toBe(65);
    expect(readFileSync(made.database).equals(bytes)).toBe(true);
  });
});

// health-check report: from the history and the store to a page and a mail, and where the page may be put.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { reportMark } from '../../../lib/report/html.ts';
import { elements, htmlTree, textIn } from '../../support/html-tree.ts';
import { onlyChecks, ownChecks } from '../../support/health.ts';
import { TypedWorld } from '../../support/typed-world.ts';
import { makeBookings } from '../../support/world.ts';

let world: TypedWorld;
let page: string;

beforeEach(() => {
  world = new TypedWorld();
  onTestFinished(() => world[Symbol.asyncDispose]());
  makeBookings(world.database, { journalMode: 'delete', rows: 3 });
  world.configure({ top: `clock = "trusted"\n${onlyChecks(...ownChecks)}` });
  page = join(world.home, 'health.html');
});

const identity = (path: string) => {
  const { ino, size, mtimeMs, mode } = lstatSync(path);
  return { ino, size, mtimeMs, mode };
};
const report = (...args: string[]) => world.run('health-check', ['report', ...args]);

const newer = (path: string) => {
  const database = new Database(path);
  database.pragma('user_version = 999');
  database.close();
};
const withoutTables = (path: string) => {
  const database = new Database(path);
  database.exec('DROP TABLE runs; DROP TABLE checks');
  database.close();
};

describe('what it says', () => {
  test('a backup that was pruned since is not shown as one that was suspect', async () => {
    world.configure({ app: 'keep = { last = 1 }', top: `clock = "trusted"\n${onlyChecks(...ownChecks)}` });
    for (const night of [1, 2, 3]) {
      world.clock.advance(night * 24 * 3_600_000);
      await world.run('db-backup', ['run']);
    }
    expect(world.stored().filter((name) => /^backups.*\.db$/.test(name))).toHaveLength(1);
    await report('--html', page);
    const shown = readFileSync(page, 'utf8');
    expect(shown).toContain('3 proven');
    expect(shown.match(/class="odd"/g)).toBeNull();
  });

  test('before there is anything: that, and how to begin', async () => {
    const { exitCode, stdout } = await report();
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Not all is well: 1 critical, 1 unknown\n/);
    expect(stdout).toContain('there is no proven backup');
    expect(stdout).toContain('no check was asked yet');
    expect(existsSync(join(world.home, 'state', 'ops.db'))).toBe(false);
  });

  test('after a night: until when it is protected, and every check', async () => {
    await world.run('db-backup', ['run']);
    await world.run('restore', ['drill']);
    await world.run('health-check', ['run']);
    const { exitCode, stdout } = await report();
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/Protected until 20\d\d-\d\d-\d\d \d\d:\d\d\n {2}3 min ago/);
    expect(stdout).toMatch(/Back to: .*: 1 proven backup$/m);
    expect(stdout).toMatch(/Last drill: passed /);
    expect(stdout).toMatch(/OK +backup-age/);
    expect(stdout).toMatch(/1 day, each with one\./);
  });

  test('that is bad is no failure of the report, and stands in it; --json gives the facts', async () => {
    const { exitCode, stdout } = await report('--json');
    const { ok, result } = JSON.parse(stdout);
    expect([exitCode, ok, result.answer.verdict]).toEqual([0, true, 'critical']);
    expect(result.facts.apps[0]).toMatchObject({ name: 'bookings', proven_count: 0, from: 'the history' });
  });

  test('without the store: what the history knows, and that it is no more than that', async () => {
    await world.run('db-backup', ['run']);
    renameSync(world.store, `${world.store}.away`);
    const { exitCode, stdout } = await report();
    expect(exitCode).toBe(0);
    const said = stdout.replace(/\s+/g, ' ');
    expect(said).toContain('The store could not be looked at (');
    expect(said).toContain('1 proven backup was made; whether it is still there is not known');
    expect(stdout).toMatch(/Protected until 20/);
  });

  test.each<[string, (path: string) => void]>([
    ['of a newer Holdfast', (path) => newer(path)],
    ['that is not there', (path) => rmSync(path)],
    ['without its tables', (path) => withoutTables(path)],
  ])('of a history %s: that it knows nothing, and not that there was nothing', async (_, spoil) => {
    await world.run('db-backup', ['run']);
    spoil(join(world.state, 'ops.db'));
    const { exitCode, stdout } = await report();
    expect(exitCode).toBe(0);
    expect(stdout.replace(/\s+/g, ' ')).toContain('There is no history to be read');
    expect(stdout).toMatch(/Protected until 20/); // the store is the truth
  });

  test('with hints that find the configuration', async () => {
    const { stdout } = await report('--config', world.config);
    expect(stdout.replace(/\s+/g, ' ')).toContain(`db-backup run --app bookings --config ${world.config}`);
  });
});

describe('the page', () => {
  test('is written where it is wanted, with the mode that is wanted, and over an older one', async () => {
    expect(await report('--html', page)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(`the page is ${page}`),
    });
    expect(readFileSync(page, 'utf8')).toContain(reportMark);
    await world.run('db-backup', ['run']);
    expect((await report('--html', page, '--mode', '0640')).exitCode).toBe(0);
    expect(statSync(page).mode & 0o7777).toBe(0o640);
    expect(readFileSync(page, 'utf8')).toContain('Protected until');
  });

  test('comes beside the text where both are wanted', async () => {
    const { stdout } = await report('--html', page, '--text');
    expect(stdout).toMatch(/^Not all is well[^]*the page is /);
    expect(readFileSync(page, 'utf8')).toContain('<h1>Not all is well');
  });

  test.each<[string, (path: string) => void, string]>([
    ['a file that is no report', (path) => writeFileSync(path, 'mine'), 'no report of ours'],
    ['an empty file', (path) => writeFileSync(path, ''), 'no report of ours'],
    [
      'a file that mentions one further down',
      (path) => writeFileSync(path, `${'x'.repeat(2000)}${reportMark}`),
      'no report of ours',
    ],
    ['a directory', (path) => mkdirSync(path), 'no file'],
    ['a pipe', (path) => execFileSync('mkfifo', [path]), 'no file'],
    [
      'a link to a report',
      (path) => (writeFileSync(`${path}.to`, reportMark), symlinkSync(`${path}.to`, path)),
      'it is a link',
    ],
    ['a link to nothing', (path) => symlinkSync('/nowhere', path), 'it is a link'],
  ])('is not written over %s', async (_, make, cause) => {
    make(page);
    const before = identity(page);
    const { exitCode, stderr } = await report('--html', page);
    expect(exitCode).toBe(73);
    expect(stderr).toContain(`cannot write ${page}: `);
    expect(stderr).toContain(cause);
    expect(identity(page)).toEqual(before);
  });

  test.skipIf(process.getuid?.() !== 0)(
    'is not written over a report of somebody else (needs root)',
    async () => {
      mkdirSync(join(world.home, 'www'));
      chmodSync(join(world.home, 'www'), 0o1777);
      const theirs = join(world.home, 'www', 'health.html');
      writeFileSync(theirs, reportMark);
      chownSync(theirs, 4711, 4711);
      const { exitCode, stderr } = await report('--html', theirs);
      expect([exitCode, stderr]).toEqual([73, expect.stringContaining('it belongs to user 4711')]);
      expect(readFileSync(theirs, 'utf8')).toBe(reportMark);
    },
  );

  test.skipIf(process.getuid?.() !== 0)(
    'follows no link of somebody else on its way (needs root)',
    async () => {
      const ours = join(world.home, 'ours');
      const way = join(world.home, 'way');
      mkdirSync(ours);
      symlinkSync(ours, way);
      lchownSync(way, 4711, 4711);
      const { exitCode, stderr } = await report('--html', join(way, 'health.html'));
      expect([exitCode, stderr]).toEqual([73, expect.stringContaining('is a link that user 4711 made')]);
      expect(readdirSync(ours)).toEqual([]);
    },
  );

  test('cannot be put where there is no directory, and leaves nothing behind', async () => {
    const { exitCode, stderr } = await report('--html', join(world.home, 'www', 'health.html'));
    expect([exitCode, stderr]).toEqual([
      66,
      expect.stringContaining(`there is no directory ${join(world.home, 'www')}`),
    ]);
  });

  test.each(['0755', '4644', '9', '0222', '0044', 'rw'])('has no mode %s', async (mode) => {
    expect((await report('--html', page, '--mode', mode)).exitCode).toBe(64);
    expect(existsSync(page)).toBe(false);
  });

  test('is printed where that is wanted, as it would be written', async () => {
    const { exitCode, stdout } = await report('--html', '-');
    expect(exitCode).toBe(0);
    const { h1 = '' } = Object.fromEntries(
      elements(htmlTree(stdout)).map((each) => [each.name, textIn(each)]),
    );
    expect(h1).toMatch(/^Not all is well/);
    expect(existsSync(join(process.cwd(), '-'))).toBe(false);
  });

  test.each([
    ['--mode', '0640'],
    ['--html', '-', '--mode', '0640'],
    ['--html', '-', '--text'],
  ])('goes not with %s %s %s %s', async (...args) => {
    expect((await report(...args)).exitCode).toBe(64);
  });
});

// db-maintain vacuum, killed in the middle: the database is what it was, whoever opens it next.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { World } from '../../support/world.ts';

const rows = 60_000;

function make(path: string, journalMode: string): void {
  const database = new Database(path);
  database.pragma(`journal_mode = ${journalMode}`);
  database.exec(`CREATE TABLE booking (id INTEGER PRIMARY KEY, guest TEXT);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) INSERT INTO booking SELECT i, hex(randomblob(200)) FROM n;
    DELETE FROM booking WHERE id % 2`);
  database.close();
}

function contentOf(path: string): unknown[] {
  const database = new Database(path);
  try {
    return [
      database.prepare('SELECT count(*), sum(id), max(guest) FROM booking').get(),
      database.pragma('integrity_check'),
    ];
  } finally {
    database.close();
  }
}

/** The process of ours that does the work; undefined while there is none. */
function worker(): number | undefined {
  const found = readdirSync('/proc').find((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('maintain-process');
    } catch {
      return false; // ended meanwhile
    }
  });
  return found === undefined ? undefined : Number(found);
}

test.each([
  ['delete', '-journal'],
  ['wal', '-wal'],
])('in journal mode %s', async (mode, suffix) => {
  await using world = new World();
  make(world.database, mode);
  world.configure({ app: 'maintain = { vacuum_days = 1 }' });
  const content = contentOf(world.database);
  const size = statSync(world.database).size;
  const side = `${world.database}${suffix}`;
  const running = world.run('db-maintain', ['vacuum']);
  let isOver = false;
  void running.then(() => (isOver = true));
  let killed: number | undefined;
  // Killed while SQLite writes the pages of the new file.
  while (killed === undefined && !isOver) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!existsSync(side) || (statSync(side, { throwIfNoEntry: false })?.size ?? 0) < 64 * 1024) continue;
    killed = worker();
    if (killed !== undefined) process.kill(killed, 'SIGKILL');
  }
  const ended = await running;
  expect(killed).toBeDefined();
  expect(ended.exitCode).toBe(74);
  expect(ended.stderr).toContain('was ended by SIGKILL');
  expect(contentOf(world.database)).toEqual(content);
  const again = await world.run('db-maintain', ['vacuum']);
  expect(again).toMatchObject({ exitCode: 0 });
  expect(contentOf(world.database)).toEqual(content);
  expect(statSync(world.database).size).toBeLessThan(size);
});

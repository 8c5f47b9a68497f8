import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { openHistory } from '../../../lib/history/history.ts';
import { openLocal } from '../../../lib/sqlite/local.ts';
import { makeCrashedSet } from '../../support/database-sets.ts';
import { minutes, runStart } from '../../support/history-world.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { scratch } from '../../support/scratch.ts';
import { startLockstep } from './lockstep.ts';

test('a database of our own is made, written with named parameters and read again', () => {
  const database = openLocal(join(scratch(), 'ops.db'));
  database.exec('CREATE TABLE run (id TEXT, seconds INTEGER)');
  database.run('INSERT INTO run VALUES (:id, :seconds)', { id: 'a', seconds: 3 });
  expect(database.all('SELECT * FROM run WHERE seconds > :min', { min: 2 })).toEqual([
    { id: 'a', seconds: 3 },
  ]);
  expect(database.all('SELECT * FROM run WHERE id = :id', { id: 'b' })).toEqual([]);
  database.close();
});

test('a transaction holds the write lock from its beginning, and is undone by an error', async () => {
  const path = join(scratch(), 'ops.db');
  const database = openLocal(path);
  database.exec('CREATE TABLE run (id TEXT)');
  const other = await startLockstep();
  other.open(path);
  expect(() =>
    database.transaction(() => {
      expect(other.exec("INSERT INTO run VALUES ('other')")).toBe('SQLITE_BUSY');
      database.run("INSERT INTO run VALUES ('ours')", {});
      throw new Error('after all not');
    }),
  ).toThrow('after all not');
  expect(database.all('SELECT * FROM run')).toEqual([]);
  expect(database.transaction(() => 7)).toBe(7);
  database.close();
});

const isRoot = process.geteuid?.() === 0;
const stranger = 4321;

/** What somebody may have put where our file, or one beside it, should be. */
const planted: { what: string; asRoot?: true; plant(path: string, victim: string): void }[] = [
  { what: 'a link to a file', plant: (path, victim) => symlinkSync(victim, path) },
  { what: 'a link to nothing', plant: (path) => symlinkSync(`${path}.made`, path) },
  { what: 'a pipe', plant: (path) => void execFileSync('mkfifo', [path]) },
  { what: 'a directory', plant: (path) => mkdirSync(path) },
  { what: 'a hard link to a file', plant: (path, victim) => linkSync(victim, path) },
  {
    what: 'a file of another user',
    asRoot: true,
    plant(path, victim) {
      copyFileSync(victim, path);
      chownSync(path, stranger, stranger);
    },
  },
];

/** Bytes and owner of a file, none of what cannot be read without waiting. */
function stateOf(directory: string): unknown {
  return readdirSync(directory).map((name) => {
    const status = lstatSync(join(directory, name));
    return [name, status.uid, status.ino, status.isFile() ? readFileSync(join(directory, name), 'hex') : ''];
  });
}

describe.each(planted)('where there is $what', ({ what, asRoot, plant }) => {
  test.skipIf(asRoot === true && !isRoot).each(['', '-journal', '-wal', '-shm'])(
    `as ops.db%s, there is no history, and nothing is written (${what})`,
    async (suffix) => {
      const directory = scratch();
      const path = join(directory, 'ops.db');
      openLocal(path).close();
      const victim = join(directory, 'victim');
      await makeCrashedSet(victim, 'journal');
      if (suffix === '') rmSync(path);
      plant(path + suffix, victim);
      const before = stateOf(directory);
      const log = recordingLog();
      const quarantine = () => expect.unreachable();
      const history = openHistory(() => openLocal(path), { clock: minutes(), log, quarantine });
      history.begin(runStart('a'));
      expect(history.recentRuns(undefined, 10)).toEqual([]);
      expect(log.lines.map(({ message }) => message)).toEqual([
        expect.stringContaining(`history could not be written: cannot use ${path}${suffix}: it `),
      ]);
      expect(stateOf(directory)).toEqual(before);
    },
  );
});

describe.skipIf(!isRoot)("root in another user's state directory (skipped unless run as root)", () => {
  test.each(['journal', 'wal'] as const)(
    "goes on with that user's history, and what a killed run of it left",
    async (kind) => {
      const directory = scratch();
      const path = join(directory, 'ops.db');
      await makeCrashedSet(path, kind);
      for (const name of readdirSync(directory)) chownSync(join(directory, name), stranger, stranger);
      chownSync(directory, stranger, stranger);
      chmodSync(directory, 0o755);
      const database = openLocal(path);
      expect(database.all('SELECT count(*) AS n FROM entries')).toEqual([{ n: kind === 'wal' ? 600 : 100 }]);
      database.close();
      expect(lstatSync(path).uid).toBe(stranger);
    },
  );
});

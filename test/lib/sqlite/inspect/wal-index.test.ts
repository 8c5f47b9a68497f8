// The index of a write-ahead log as SQLite leaves it, and as anybody may.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readersIn } from '../../../../lib/sqlite/inspect/log-readers.ts';
import { parseWalIndex, walIndexBytes } from '../../../../lib/sqlite/inspect/wal-index.ts';
import { scratch } from '../../../support/scratch.ts';
import { makeLedger } from '../databases.ts';

function shmOf(use: (app: Database.Database) => void): Buffer {
  const path = join(scratch(), 'app.db');
  makeLedger(path, { journalMode: 'wal', rows: 1 });
  const app = new Database(path);
  app.pragma('wal_autocheckpoint = 0');
  use(app);
  const bytes = readFileSync(`${path}-shm`).subarray(0, walIndexBytes);
  app.close();
  return bytes;
}

const insert = "INSERT INTO ledger (note, ballast) VALUES ('x', zeroblob(100000))";

test('it tells how far the log reaches, and how much of it is in the database', () => {
  const before = parseWalIndex(shmOf((app) => app.exec(insert)));
  expect(before).toMatchObject({ pageSize: 4096, copied: 0 });
  expect(before?.frames).toBeGreaterThan(24);
  const after = parseWalIndex(
    shmOf((app) => {
      app.exec(insert);
      app.pragma('wal_checkpoint(PASSIVE)');
    }),
  );
  expect(after?.copied).toBe(after?.frames);
});

test('what is no index, or only half of one, is none', () => {
  const whole = shmOf((app) => app.exec(insert));
  expect(parseWalIndex(whole)).not.toBe(undefined);
  for (let length = 0; length < walIndexBytes; length += 1)
    expect(parseWalIndex(whole.subarray(0, length))).toBe(undefined);
  expect(parseWalIndex(Buffer.alloc(walIndexBytes))).toBe(undefined);
  const halfWritten = Buffer.from(whole).fill(0xff, 16, 20);
  expect(parseWalIndex(halfWritten)).toBe(undefined);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void parseWalIndex(Buffer.from(bytes))),
  );
});

test.each<[line: string, readers: unknown[]]>([
  ['1: POSIX  ADVISORY  READ 812 fe:00:31 124 124', [{ pid: 812, mark: 10 }]],
  ['1: POSIX  ADVISORY  READ 812 fe:00:31 123 123', [{ pid: 812, mark: 5 }]],
  ['1: POSIX  ADVISORY  READ 0 fe:00:31 124 124', [{ pid: 0, mark: 10 }]],
  // It sees everything; it writes; it waits; another file; another lock; no lock of SQLite.
  ['1: POSIX  ADVISORY  READ 812 fe:00:31 125 125', []],
  ['1: POSIX  ADVISORY  WRITE 812 fe:00:31 124 124', []],
  ['1: -> POSIX  ADVISORY  READ 812 fe:00:31 124 124', []],
  ['1: POSIX  ADVISORY  READ 812 fe:00:32 124 124', []],
  ['1: POSIX  ADVISORY  READ 812 fe:00:31 120 120', []],
  ['1: FLOCK  ADVISORY  READ 812 fe:00:31 124 124', []],
  ['1: POSIX  ADVISORY  READ 812 fe:00:31 0 EOF', []],
  ['nonsense', []],
])('%s', (line, readers) => {
  const index = {
    salt: '',
    pageSize: 4096,
    frames: 20,
    copied: 5,
    marks: [5, 10, 20, 0xffffffff, 0xffffffff],
  };
  expect(readersIn(`${line}\n`, 'fe:00:31', index)).toEqual(readers);
});

import { chmodSync, chownSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { openSource } from '../../../lib/sqlite/live-reader.ts';
import { asNobody, nobody } from '../../support/as-nobody.ts';
import { makeCrashedSet } from '../../support/database-sets.ts';
import { scratch } from '../../support/scratch.ts';
import { fileNumber, makeLedger } from './databases.ts';
import { startLockstep } from './lockstep.ts';

const isRoot = process.geteuid?.() === 0;

/** Opens and counts the entries of a set that `makeCrashedSet` made. */
function countEntries(source: string): number {
  const database = openSource({ source, file: fileNumber(source), wal: true });
  try {
    return Number(database.prepare('SELECT count(*) FROM entries').pluck().get());
  } finally {
    database.close();
  }
}

interface Permissions {
  directory: number;
  file: number;
  gid: number;
}

/** A directory with what a crashed app of root left in WAL mode, but without the -shm. */
async function crashedSet({ directory, file, gid }: Permissions): Promise<string> {
  const folder = scratch();
  const source = join(folder, 'app.db');
  await makeCrashedSet(source, 'wal');
  rmSync(`${source}-shm`);
  for (const path of [folder, source, `${source}-wal`]) if (isRoot) chownSync(path, 0, gid);
  chmodSync(folder, directory);
  for (const path of [source, `${source}-wal`]) chmodSync(path, file);
  return source;
}

test('the committed rows in the log of a crashed app are read, and the log stays as it was', async () => {
  const source = await crashedSet({ directory: 0o755, file: 0o640, gid: 0 });
  const log = statSync(`${source}-wal`, { bigint: true });
  expect(countEntries(source)).toBe(600);
  const { size, mtimeNs, uid, mode } = statSync(`${source}-wal`, { bigint: true });
  expect({ size, mtimeNs }).toEqual({ size: log.size, mtimeNs: log.mtimeNs });
  expect(statSync(`${source}-shm`, { bigint: true })).toMatchObject({ uid, mode });
});

test('a connection for reading cannot write', async () => {
  const source = join(scratch(), 'app.db');
  makeLedger(source);
  const database = openSource({ source, file: fileNumber(source), wal: false });
  expect(() => database.exec('DELETE FROM ledger')).toThrow(
    expect.objectContaining({ code: 'SQLITE_READONLY' }),
  );
  database.close();
});

test('a hot journal is not rolled back, and the message says who can', async () => {
  const source = join(scratch(), 'app.db');
  await makeCrashedSet(source, 'journal');
  expect(() => openSource({ source, file: fileNumber(source), wal: false })).toThrow(
    expect.objectContaining({
      kind: 'denied',
      hint: expect.stringContaining('start the app once') as string,
    }),
  );
  expect(readdirSync(join(source, '..')).sort()).toEqual(['app.db', 'app.db-journal']);
});

test('a file cut to nothing it can be read from is left to others to name', () => {
  const source = join(scratch(), 'app.db');
  makeLedger(source);
  truncateSync(source, 5000);
  expect(() => openSource({ source, file: fileNumber(source), wal: false })).toThrow(
    expect.objectContaining({ code: 'SQLITE_CORRUPT' }),
  );
});

test('a database that has just gone is missing', () => {
  expect(() =>
    openSource({ source: join(scratch(), 'app.db'), file: { device: 0n, inode: 0n }, wal: false }),
  ).toThrow(expect.objectContaining({ kind: 'missing' }));
});

test('root gives the side files that it makes to the owner of the database', async () => {
  if (!isRoot) return;
  const source = await crashedSet({ directory: 0o755, file: 0o600, gid: nobody });
  for (const path of [source, `${source}-wal`]) chownSync(path, nobody, nobody);
  expect(countEntries(source)).toBe(600);
  const { uid, gid, mode } = statSync(`${source}-shm`);
  expect({ uid, gid, mode: mode & 0o777 }).toEqual({ uid: nobody, gid: nobody, mode: 0o600 });
});

describe.skipIf(!isRoot)('a reader who is not the app (skipped unless the tests run as root)', () => {
  const refused: [string, Permissions, RegExp][] = [
    [
      'is refused where the app could not write the side files made for it',
      { directory: 0o777, file: 0o644, gid: 0 },
      /SQLite would create .*-shm as user 65534/,
    ],
    [
      'is refused where they would be writable, but for another group than that of the database',
      { directory: 0o777, file: 0o664, gid: 4321 },
      /SQLite would create .*-shm as user 65534/,
    ],
    [
      'is refused where nothing may be created at all',
      { directory: 0o755, file: 0o664, gid: nobody },
      /this process may not write in/,
    ],
  ];
  test.each(refused)('%s', async (_, permissions, message) => {
    const source = await crashedSet(permissions);
    await asNobody(async () =>
      expect(() => countEntries(source)).toThrow(
        expect.objectContaining({ kind: 'denied', message: expect.stringMatching(message) as string }),
      ),
    );
    expect(readdirSync(join(source, '..')).sort()).toEqual(['app.db', 'app.db-wal']);
  });

  const works: [string, Permissions, { gid: number; mode: number }][] = [
    [
      'works where its group is that of the database, and may write',
      { directory: 0o770, file: 0o660, gid: nobody },
      { gid: nobody, mode: 0o660 },
    ],
    [
      'works where the directory passes its group on',
      { directory: 0o2777, file: 0o664, gid: 4321 },
      { gid: 4321, mode: 0o664 },
    ],
    [
      'works where everybody may write',
      { directory: 0o777, file: 0o666, gid: 0 },
      { gid: nobody, mode: 0o666 },
    ],
  ];
  test.each(works)('%s', async (_, permissions, index) => {
    const source = await crashedSet(permissions);
    await asNobody(async () => expect(countEntries(source)).toBe(600));
    const { uid, gid, mode } = statSync(`${source}-shm`);
    expect({ uid, gid, mode: mode & 0o777 }).toEqual({ uid: nobody, ...index });
  });

  test('reads beside an app that is running, whose side files it may not write', async () => {
    const folder = scratch();
    chmodSync(folder, 0o777);
    const source = join(folder, 'app.db');
    makeLedger(source, { journalMode: 'wal' });
    const app = await startLockstep();
    app.open(source);
    app.exec("UPDATE ledger SET note = 'committed'");
    app.exec("BEGIN IMMEDIATE; UPDATE ledger SET note = 'not yet'");
    await asNobody(async () => {
      const database = openSource({ source, file: fileNumber(source), wal: true });
      expect(database.prepare('SELECT DISTINCT note FROM ledger').pluck().all()).toEqual(['committed']);
      database.close();
    });
    expect(app.exec('COMMIT; BEGIN IMMEDIATE; COMMIT')).toBe('ok');
    for (const name of ['app.db-wal', 'app.db-shm']) expect(statSync(join(folder, name)).uid).toBe(0);
  });

  test('reads what a crashed app left with its -shm, and changes none of it', async () => {
    const folder = scratch();
    chmodSync(folder, 0o777);
    const source = join(folder, 'app.db');
    await makeCrashedSet(source, 'wal');
    const times = () =>
      ['', '-wal', '-shm'].map((suffix) => statSync(source + suffix, { bigint: true }).mtimeNs);
    const before = times();
    await asNobody(async () => expect(countEntries(source)).toBe(600));
    expect(times()).toEqual(before);
    expect(readdirSync(folder).sort()).toEqual(['app.db', 'app.db-shm', 'app.db-wal']);
  });
});

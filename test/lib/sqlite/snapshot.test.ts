import {
  chmodSync,
  chownSync,
  linkSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { measureDatabase } from '../../../lib/sqlite/measure.ts';
import { takeSnapshot } from '../../../lib/sqlite/snapshot.ts';
import { requireSource } from '../../../lib/sqlite/look.ts';
import { asNobody } from '../../support/as-nobody.ts';
import { makeCrashedSet, readRows, rowsOf } from '../../support/database-sets.ts';
import { scratch } from '../../support/scratch.ts';
import { makeLedger, modeOf, pagesOf, query } from './databases.ts';
import { startLockstep } from './lockstep.ts';
import { makeOdd, ordinary, withTheAppOnly } from './odd-databases.ts';

/** So late that no change counts as recent: nothing has to be waited for. */
const now = new Date('2100-01-01');

const snapshot = async (path: string, target: string) =>
  takeSnapshot(await requireSource(path), target, { now });

describe('a snapshot equals the database, and measures the same', () => {
  const builds = Object.entries({ ...ordinary, ...withTheAppOnly }).map(([name, { build }]) => ({
    name,
    build,
  }));
  test.each(builds)('with $name', async ({ build }) => {
    const [path, target] = [join(scratch(), 'app.db'), join(scratch(), 'snapshot.db')];
    makeOdd(path, build);
    const { method, pageCount } = await snapshot(path, target);
    expect(method).toBe('stepwise');
    expect(pagesOf(target).equals(pagesOf(path))).toBe(true);
    const measured = await measureDatabase(target);
    expect(measured).toEqual(await measureDatabase(path));
    expect(measured.facts.pageCount).toBe(pageCount);
    expect(measured.integrity.problems).toEqual([]);
  });

  test.each(['wal', 'delete'] as const)(
    'in journal mode %s, and needs no file beside it',
    async (journalMode) => {
      const [path, target] = [join(scratch(), 'app.db'), join(scratch(), 'snapshot.db')];
      makeLedger(path, { journalMode });
      const { method } = await snapshot(path, target);
      expect(method).toBe(journalMode === 'wal' ? 'quiet' : 'stepwise');
      expect((await measureDatabase(target)).facts.journalMode).toBe('delete');
      expect(readdirSync(dirname(path))).toEqual(['app.db']);
      expect(readdirSync(dirname(target))).toEqual(['snapshot.db']);
    },
  );
});

test('what a crashed app committed in its log is in the snapshot', async () => {
  const [path, target] = [join(scratch(), 'app.db'), join(scratch(), 'snapshot.db')];
  await makeCrashedSet(path, 'wal');
  expect(await snapshot(path, target)).toMatchObject({ method: 'pinned', writersHeldMs: 0 });
  expect(await readRows(target)).toEqual(rowsOf('old', 600));
});

test('an app that is at work is copied beside it', async () => {
  const [path, target] = [join(scratch(), 'app.db'), join(scratch(), 'snapshot.db')];
  makeLedger(path, { journalMode: 'wal' });
  const app = await startLockstep();
  app.open(path);
  app.exec("UPDATE ledger SET note = 'committed'");
  app.exec("BEGIN IMMEDIATE; UPDATE ledger SET note = 'not yet'");
  expect(await snapshot(path, target)).toMatchObject({ method: 'pinned', restarts: 0 });
  expect(app.exec('COMMIT')).toBe('ok');
  expect(query(target, 'SELECT DISTINCT note FROM ledger')).toEqual(['committed']);
});

test('the progress ends at the whole', async () => {
  const [path, target] = [join(scratch(), 'app.db'), join(scratch(), 'snapshot.db')];
  makeLedger(path, { rows: 3000 });
  const told: [number, number][] = [];
  const onProgress = (...progress: [number, number]) => told.push(progress);
  await takeSnapshot(await requireSource(path), target, { now, onProgress });
  const size = statSync(path).size;
  expect(told[0]).toEqual([0, size]);
  expect(told.at(-1)).toEqual([size, size]);
  expect(told.length).toBeGreaterThan(3);
});

test('the snapshot can be read by owner and group only, and never takes the place of a file', async () => {
  const [path, target] = [join(scratch(), 'app.db'), join(scratch(), 'snapshot.db')];
  makeLedger(path);
  await snapshot(path, target);
  expect(modeOf(target)).toBe(0o640);
  const before = readFileSync(target);
  await expect(snapshot(path, target)).rejects.toMatchObject({ kind: 'refused' });
  expect(readFileSync(target).equals(before)).toBe(true);
});

describe('a snapshot is refused', () => {
  const wayBack = expect.stringContaining('restore list') as string;
  test.each([
    ['of a file cut between two pages', (path: string) => truncateSync(path, 3 * 4096)],
    ['of a file cut inside its last page', (path: string) => truncateSync(path, statSync(path).size - 7)],
    [
      'of pages that are encrypted behind a header',
      (path: string) => writeFileSync(path, readFileSync(path).fill('?', 100)),
    ],
  ])('%s: damaged', async (_, spoil) => {
    for (const journalMode of ['wal', 'delete'] as const) {
      const path = join(scratch(), 'app.db');
      makeLedger(path, { journalMode });
      spoil(path);
      await expect(snapshot(path, join(scratch(), 'snapshot.db'))).rejects.toMatchObject({
        kind: 'damaged',
        message: expect.stringContaining(path) as string,
        hint: wayBack,
      });
      expect(readdirSync(dirname(path))).toEqual(['app.db']);
    }
  });

  test.each(['wal', 'delete'] as const)(
    'of a file that has gone meanwhile, in journal mode %s: missing',
    async (journalMode) => {
      const path = join(scratch(), 'app.db');
      makeLedger(path, { journalMode });
      const source = await requireSource(path);
      rmSync(path);
      await expect(takeSnapshot(source, join(scratch(), 'snapshot.db'), { now })).rejects.toMatchObject({
        kind: 'missing',
      });
      expect(readdirSync(dirname(path))).toEqual([]);
    },
  );

  test('into a directory that has gone: missing', async () => {
    const path = join(scratch(), 'app.db');
    makeLedger(path);
    await expect(snapshot(path, join(scratch(), 'gone', 'snapshot.db'))).rejects.toMatchObject({
      kind: 'missing',
    });
  });

  test('of a database whose log lies beside another name of it', async () => {
    const path = join(scratch(), 'app.db');
    makeLedger(path, { journalMode: 'wal' });
    linkSync(path, `${path}.other`);
    const app = await startLockstep();
    app.open(`${path}.other`);
    app.exec("UPDATE ledger SET note = 'out of sight'");
    const target = join(scratch(), 'snapshot.db');
    await expect(snapshot(path, target)).rejects.toMatchObject({ kind: 'refused' });
    expect(readdirSync(dirname(path)).filter((name) => name.startsWith('app.db-'))).toEqual([]);
  });
});

describe('an abort', () => {
  test.each(['wal', 'delete'] as const)(
    'in the middle leaves no thread and no open file, in journal mode %s',
    async (journalMode) => {
      const [path, target] = [join(scratch(), 'app.db'), join(scratch(), 'snapshot.db')];
      makeLedger(path, { journalMode, rows: 9000 });
      const threads = readdirSync('/proc/self/task').length;
      const stop = new AbortController();
      const reason = new Error('stopped by SIGTERM');
      const copy = takeSnapshot(await requireSource(path), target, {
        now,
        signal: stop.signal,
        onProgress: () => stop.abort(reason),
      });
      await expect(copy).rejects.toBe(reason);
      expect(openFiles().filter((name) => name.startsWith(path) || name.startsWith(target))).toEqual([]);
      expect(readdirSync('/proc/self/task').length).toBeLessThanOrEqual(threads);
      expect(readdirSync(dirname(path))).toEqual(['app.db']);
      expect(query(path, 'PRAGMA integrity_check')).toEqual(['ok']);
    },
  );

  test('while a recent change is waited for gives its own reason', async () => {
    const path = join(scratch(), 'app.db');
    makeLedger(path, { journalMode: 'wal' });
    const [stop, reason] = [new AbortController(), new Error('stopped by SIGTERM')];
    const copy = takeSnapshot(await requireSource(path), join(scratch(), 'snapshot.db'), {
      now: new Date(statSync(path).ctimeMs),
      signal: stop.signal,
    });
    stop.abort(reason);
    await expect(copy).rejects.toBe(reason);
  });
});

describe.skipIf(process.geteuid?.() !== 0)(
  'as another user than the app (skipped unless the tests run as root)',
  () => {
    /** A directory that everybody may read. */
    const openFolder = () => {
      const folder = scratch();
      chmodSync(folder, 0o755);
      return folder;
    };
    const ownFolder = () => {
      const folder = scratch();
      chownSync(folder, 65534, 65534);
      return folder;
    };

    test('a quiet WAL database is copied where nothing may be made beside it', async () => {
      const path = join(openFolder(), 'app.db');
      makeLedger(path, { journalMode: 'wal' });
      const target = join(ownFolder(), 'snapshot.db');
      const report = await asNobody(async () => snapshot(path, target));
      expect(report).toMatchObject({ method: 'quiet' });
      expect(readdirSync(dirname(path))).toEqual(['app.db']);
      expect(pagesOf(target).equals(pagesOf(path))).toBe(true);
    });

    test('a copy of a WAL database opens where nothing may be made beside it', async () => {
      const [path, folder] = [join(scratch(), 'app.db'), openFolder()];
      const target = join(folder, 'snapshot.db');
      makeLedger(path, { journalMode: 'wal' });
      await snapshot(path, target);
      chmodSync(target, 0o644);
      await asNobody(async () => {
        expect(query(target, 'SELECT count(*) FROM ledger')).toEqual([10]);
      });
      expect(readdirSync(folder)).toEqual(['snapshot.db']);
    });

    test('a log without its index is refused, and no file is made', async () => {
      const path = join(openFolder(), 'app.db');
      await makeCrashedSet(path, 'wal');
      rmSync(`${path}-shm`);
      chmodSync(dirname(path), 0o777);
      await asNobody(async () => {
        await expect(snapshot(path, join(dirname(path), 'snapshot.db'))).rejects.toMatchObject({
          kind: 'denied',
        });
      });
      expect(readdirSync(dirname(path)).sort()).toEqual(['app.db', 'app.db-wal', 'snapshot.db']);
    });

    test('a set that its group may write is copied, and the app can go on', async () => {
      const path = join(openFolder(), 'app.db');
      await makeCrashedSet(path, 'wal');
      rmSync(`${path}-shm`);
      for (const name of [dirname(path), path, `${path}-wal`]) {
        chownSync(name, 0, 65534);
        chmodSync(name, name === dirname(path) ? 0o770 : 0o660);
      }
      const target = join(ownFolder(), 'snapshot.db');
      await asNobody(async () => expect(await snapshot(path, target)).toMatchObject({ method: 'pinned' }));
      expect(await readRows(target)).toEqual(rowsOf('old', 600));
      expect(modeOf(`${path}-shm`)).toBe(0o660);
      const app = new Database(path);
      app.exec("INSERT INTO entries (note) VALUES ('the app goes on')");
      app.close();
    });
  },
);

function openFiles(): string[] {
  return readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ''; // the directory that is just being read
    }
  });
}

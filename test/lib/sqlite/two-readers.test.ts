// Two threads that read one table: the same bytes as one, of one instant, or not two at all.
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import type { Day } from '../../../lib/export/day.ts';
import { openSource } from '../../../lib/sqlite/live-reader.ts';
import { requireSource } from '../../../lib/sqlite/look.ts';
import { endMark, FrameReader, FrameWriter, writeWhole } from '../../../lib/sqlite/rows/frames.ts';
import { beginTogether, type SecondThread } from '../../../lib/sqlite/rows/instant.ts';
import { type Second, startSecond } from '../../../lib/sqlite/rows/second.ts';
import { openRows } from '../../../lib/sqlite/rows/session.ts';
import { GivenUp, Shares } from '../../../lib/sqlite/rows/shares.ts';
import { sourcesByTwo } from '../../../lib/sqlite/rows/sources.ts';
import { type Lines, type SharedLines, writeLines } from '../../../lib/sqlite/rows/table-lines.ts';
import { childrenThatRun } from '../../support/reading-processes.ts';
import { scratch } from '../../support/scratch.ts';

const folder = mkdtempSync(join(tmpdir(), 'two-readers-'));
const target = openSync(join(folder, 'written'), 'a+');
rmSync(folder, { recursive: true }); // it is reached by its descriptor
const second = startSecond(target, 2) as Second;
afterAll(() => {
  second.close();
  closeSync(target);
});

const style = { indent: 0, ascii: false, finalNewline: true };
const lines: Lines = { table: 't', style, begin: '[\n', separator: ',\n' };

function databaseOf(sql: string): string {
  const path = join(scratch(), 'app.db');
  const database = new Database(path);
  database.exec(sql);
  database.close();
  return path;
}

async function opened(path: string) {
  const { path: source, file, wal } = await requireSource(path);
  const about = { source, file, wal };
  const database = openSource(about);
  onTestFinished(() => void database.close());
  return { database, about };
}

async function contentOf(frames: Uint8Array): Promise<string> {
  const pieces: Uint8Array[] = [];
  const stream = (async function* () {
    yield Buffer.concat([frames, endMark]);
  })();
  for await (const piece of new FrameReader(stream).document()) pieces.push(piece);
  return Buffer.concat(pieces).toString('latin1');
}

/** What is written of the table by one thread, or by the two. */
async function writtenBy(
  threads: 1 | 2,
  database: Database.Database,
  rowsPerShare: number,
  asked = lines,
): Promise<string> {
  const path = `/proc/self/fd/${target}`;
  const before = readFileSync(path).length;
  const frames = new FrameWriter((bytes) => writeWhole(target, bytes));
  await writeLines(database, asked, frames, { second: threads === 2 ? second : undefined, rowsPerShare });
  frames.flush();
  return contentOf(readFileSync(path).subarray(before));
}

describe('what two write', () => {
  test('is what one writes, whatever the numbers and the values of the rows', async () => {
    const edge = 2n ** 63n;
    const number = fc.oneof(
      fc.bigInt({ min: -edge, max: edge - 1n }),
      fc.bigInt({ min: -20n, max: 40n }),
      fc.constantFrom(-edge, edge - 1n, 1n - edge, edge - 2n, 0n),
    );
    const value = fc.oneof(
      fc.bigInt({ min: -edge, max: edge - 1n }),
      fc.double({ noNaN: true }),
      fc.string({ unit: 'grapheme' }),
      fc.uint8Array({ maxLength: 9 }),
      fc.constantFrom(null, 0.1 + 0.2, -0, 1 / 3, 'NO UTF-8', 'x'.repeat(700_000)),
    );
    const rows = fc.uniqueArray(fc.tuple(number, value), {
      minLength: 0,
      maxLength: 60,
      selector: ([n]) => `${n}`,
    });
    await fc.assert(
      fc.asyncProperty(
        rows,
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        async (all, rowsPerShare, isAscii) => {
          const path = databaseOf('CREATE TABLE t (v)');
          const app = new Database(path);
          const insert = app.prepare('INSERT INTO t (rowid, v) VALUES (?, ?)');
          for (const [n, v] of all) insert.run(n, v);
          app.exec(
            "UPDATE t SET v = CAST(x'fe' AS TEXT) WHERE v = 'NO UTF-8'; DELETE FROM t WHERE rowid % 5 = 3",
          );
          app.close();
          const { database, about } = await opened(path);
          expect(await beginTogether(database, about, second)).toBe(true);
          const asked = { ...lines, style: { ...style, ascii: isAscii } };
          const one = await writtenBy(1, database, rowsPerShare, asked);
          expect(await writtenBy(2, database, rowsPerShare, asked)).toBe(one);
          expect(one.split('\n').length - 1).toBe(all.filter(([n]) => n % 5n !== 3n).length);
        },
      ),
      { numRuns: 40 },
    );
  });

  const failed = new OpsError('damaged', 'cannot read it: it is damaged');

  test('is nothing where the second one fails', async () => {
    const { database } = await opened(databaseOf('CREATE TABLE t (v); INSERT INTO t VALUES (1), (2), (3)'));
    const frames = new FrameWriter(() => undefined);
    const failing = {
      isThere: () => true,
      async share({ memory }: { memory: SharedArrayBuffer }) {
        new Shares(memory).giveUp();
        throw failed;
      },
    };
    await expect(writeLines(database, lines, frames, { second: failing, rowsPerShare: 1 })).rejects.toBe(
      failed,
    );
  });

  test('is told by the first one where that fails, and the second one is free again', async () => {
    const { database, about } = await opened(
      databaseOf('CREATE TABLE t (v); INSERT INTO t VALUES (1), (2), (3)'),
    );
    expect(await beginTogether(database, about, second)).toBe(true);
    let writes = 0;
    const frames = new FrameWriter(() => {
      if ((writes += 1) > 2) throw failed; // the frame before the rows has two
    });
    const later = {
      isThere: () => second.isThere(),
      async share(shared: SharedLines) {
        await Promise.resolve(); // so that the first one is sure to get a share
        return second.share(shared);
      },
    };
    await expect(writeLines(database, lines, frames, { second: later, rowsPerShare: 1 })).rejects.toBe(
      failed,
    );
    expect(await writtenBy(2, database, 1)).toBe('[\n{"v":1},\n{"v":2},\n{"v":3}');
  });

  test('is not waited for where the second one is gone', () => {
    const memory = Shares.from(1n).memory;
    const theirs = new Shares(memory).take(() => 1n);
    expect(theirs).toMatchObject({ index: 0, first: 1n, last: 1n });
    const ours = new Shares(memory, { isOtherThere: () => false, lookMs: 1 });
    const share = ours.take(() => undefined);
    expect(() => ours.waitForTurnOf(share as NonNullable<typeof share>)).toThrow(GivenUp);
  });
});

describe.each(['wal', 'delete'])('two read one instant, with journal_mode = %s,', (mode) => {
  const schema = `PRAGMA journal_mode = ${mode}; CREATE TABLE t (v); INSERT INTO t VALUES (50), (50), (50), (50), (50), (50)`;
  const move = (app: Database.Database) =>
    app.exec(
      'BEGIN IMMEDIATE; UPDATE t SET v = v - 1 WHERE rowid = 1; UPDATE t SET v = v + 1 WHERE rowid = 6; COMMIT',
    );

  /** Somebody commits right before the second one begins, the first times. */
  function committing(times: number, commit: () => void) {
    let begun = 0;
    const other: SecondThread = {
      open: (source) => second.open(source),
      look: () => second.look(),
      async begin() {
        if (begun < times) commit();
        begun += 1;
        return second.begin();
      },
    };
    return { other, begun: () => begun };
  }

  test('also where somebody commits while they begin', async () => {
    const path = databaseOf(schema);
    const { database, about } = await opened(path);
    const app = new Database(path, { timeout: 0 });
    onTestFinished(() => void app.close());
    let commits = 0;
    const commit = () => {
      try {
        move(app);
        commits += 1;
      } catch {
        app.exec('ROLLBACK'); // who reads keeps it from that where there is no log
      }
    };
    const { other, begun } = committing(2, commit);
    expect(await beginTogether(database, about, other)).toBe(true);
    expect(begun()).toBe(mode === 'wal' ? 3 : 1);
    commit();
    const all = await writtenBy(2, database, 1);
    const expected = 50 - (mode === 'wal' ? 2 : 0);
    expect(all).toContain(`[\n{"v":${expected}}`);
    expect(sumOf(all)).toBe(300);
    expect(commits).toBe(mode === 'wal' ? 3 : 0);
  });

  test('or one does, where there is no pause', async () => {
    const path = databaseOf(schema);
    const { database, about } = await opened(path);
    const app = new Database(path, { timeout: 0 });
    onTestFinished(() => void app.close());
    const other: SecondThread = {
      open: (source) => second.open(source),
      async look() {
        if (app.inTransaction) app.exec('COMMIT');
        await second.look();
      },
      async begin() {
        app.exec('BEGIN IMMEDIATE; UPDATE t SET v = v - 1 WHERE rowid = 1');
        if (mode === 'wal') app.exec('COMMIT');
        // Without a log the writer waits until nobody reads, and keeps out who would begin to.
        else expect(() => app.exec('COMMIT')).toThrow(/locked/);
        return second.begin();
      },
    };
    expect(await beginTogether(database, about, other)).toBe(false);
    expect(database.inTransaction).toBe(false);
  });

  test('whatever somebody writes all the time', async () => {
    const path = databaseOf(
      `${schema}; DELETE FROM t; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600) INSERT INTO t SELECT 50 FROM n`,
    );
    const stop = new SharedArrayBuffer(4);
    const writer = new Worker(writing, {
      eval: true,
      workerData: { path, stop, module: import.meta.resolve('better-sqlite3') },
    });
    await new Promise((resolve) => writer.once('message', resolve));
    const { database, about } = await opened(path);
    for (let look = 0; look < (mode === 'wal' ? 40 : 10); look += 1) {
      const isTogether = await beginTogether(database, about, second);
      if (!isTogether) database.exec('BEGIN');
      const all = await writtenBy(isTogether ? 2 : 1, database, 1);
      expect(sumOf(all)).toBe(600 * 50);
      database.exec('ROLLBACK');
    }
    Atomics.store(new Int32Array(stop), 0, 1);
    await new Promise((resolve) => writer.once('exit', resolve));
  });
});

function sumOf(all: string): number {
  return (JSON.parse(`${all}]`) as { v: number }[]).reduce((sum, { v }) => sum + v, 0);
}

/** Moves from one row to another, in bursts. */
const writing = `
  const { parentPort, workerData } = require('node:worker_threads');
  import(workerData.module).then(({ default: Database }) => {
    const app = new Database(workerData.path, { timeout: 20 });
    app.pragma('synchronous = OFF');
    const stop = new Int32Array(workerData.stop);
    const [from, to] = [-1, 1].map((by) => app.prepare('UPDATE t SET v = v + ' + by + ' WHERE rowid = ?'));
    const move = app.transaction((a, b) => { from.run(a); to.run(b); });
    for (let i = 0; Atomics.load(stop, 0) === 0; i += 1) {
      try {
        move.immediate(1 + i % 600, 1 + (i + 300) % 600);
      } catch (error) {
        if (error.code !== 'SQLITE_BUSY') throw error; // who reads goes first
      }
      if (i === 0) parentPort.postMessage('writing');
      if (i % 200 === 0) Atomics.wait(stop, 0, 0, 5);
    }
    app.close();
  });
`;

test('on one processor there is no second one', () => {
  expect(startSecond(target, 1)).toBeUndefined();
});

test('the sources of days are those that one tells, and the first failure is told', async () => {
  const { database, about } = await opened(
    databaseOf("CREATE TABLE t (d, v); INSERT INTO t VALUES ('2026-11-25', '[1]'), ('2026-11-26', '[2]')"),
  );
  expect(await beginTogether(database, about, second)).toBe(true);
  const days = Array.from({ length: 40 }, (_, index) => ({
    query: 0,
    day: `2026-11-${25 + (index % 2)}`,
  }));
  const asked = { of: [...days, undefined], queries: ['SELECT v FROM t WHERE d = :day'], style };
  const one = await sourcesByTwo(database, asked, undefined);
  expect(new Set(one).size).toBe(3);
  expect(await sourcesByTwo(database, asked, second)).toEqual(one);
  const unlisted = { ...asked, of: [...days, { query: 0, day: '2026-11-27' as Day }] };
  await expect(sourcesByTwo(database, unlisted, second)).rejects.toThrow(
    'cannot make the document of 2026-11-27',
  );
  expect(await sourcesByTwo(database, asked, second)).toEqual(one);
});

describe('a large database', () => {
  const large = () =>
    databaseOf(`CREATE TABLE t (n, v); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
      INSERT INTO t SELECT i, hex(zeroblob(600)) FROM n`);
  const readers = () => childrenThatRun('rows-process');
  const recipe = { kind: 'table', table: 't', format: 'ndjson' } as const;

  test('is read whole and in order, and no process stays', async () => {
    const rows = await openRows(large());
    const pieces: Uint8Array[] = [];
    for await (const piece of rows.document(recipe, style)) pieces.push(piece);
    const numbers = Buffer.concat(pieces).toString().trimEnd().split('\n');
    expect(numbers.map((line) => (JSON.parse(line) as { n: number }).n)).toEqual(
      Array.from({ length: 9000 }, (_, index) => index + 1),
    );
    await rows[Symbol.asyncDispose]();
    expect(readers()).toEqual([]);
  });

  test('of which the reading process is killed half-way is told, and no process stays', async () => {
    const rows = await openRows(large());
    const document = rows.document(recipe, style);
    await document.next();
    for (const pid of readers()) process.kill(pid, 'SIGKILL');
    const rest = (async () => {
      for await (const piece of document) void piece;
    })();
    await expect(rest).rejects.toThrow(/ended by SIGKILL|ended in the middle/);
    await rows[Symbol.asyncDispose]();
    expect(readers()).toEqual([]);
  });
});

import Database from 'better-sqlite3';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openRows } from '../../../lib/sqlite/rows/session.ts';
import { rowsProcess } from '../../../lib/sqlite/rows/spare.ts';
import { startSpare } from '../../../lib/sqlite/started-process.ts';
import { childrenThatRun } from '../../support/reading-processes.ts';
import { scratch } from '../../support/scratch.ts';

const readers = () => childrenThatRun('rows-process');

function database(): string {
  const path = join(scratch(), 'app.db');
  const made = new Database(path);
  made.exec('CREATE TABLE t (v)');
  made.close();
  return path;
}

test('a spare process reads for the first who asks, and for nobody else', async () => {
  const spare = startSpare(rowsProcess, { withPipe: true });
  const [started] = readers();
  const path = database();
  const first = await openRows(path, { spare });
  expect((await first.tables()).data).toEqual(['t']);
  expect(readers()).toEqual([started]);
  const second = await openRows(path, { spare });
  expect((await second.tables()).data).toEqual(['t']);
  expect(readers()).toHaveLength(2);
  await spare.end(); // which somebody has
  expect((await first.tables()).data).toEqual(['t']);
  await Promise.all([first[Symbol.asyncDispose](), second[Symbol.asyncDispose]()]);
  expect(readers()).toEqual([]);
});

test('a spare process that nobody has taken is gone when that is said', async () => {
  const spare = startSpare(rowsProcess, { withPipe: true });
  expect(readers()).toHaveLength(1);
  await spare.end();
  expect(readers()).toEqual([]);
  expect(spare.take()).toBeUndefined();
});

test('a spare process that was killed is missed by nobody', async () => {
  const spare = startSpare(rowsProcess, { withPipe: true });
  const [pid = 0] = readers();
  process.kill(pid, 'SIGKILL');
  await expect.poll(readers).toEqual([]);
  await using rows = await openRows(database(), { spare });
  expect((await rows.tables()).data).toEqual(['t']);
});

test('an abort ends it like any other, and one that came before takes none', async () => {
  const spare = startSpare(rowsProcess, { withPipe: true });
  const stop = new AbortController();
  stop.abort(new Error('stopped by the test'));
  const path = database();
  await expect(openRows(path, { spare, signal: stop.signal })).rejects.toThrow('stopped by the test');
  expect(readers()).toHaveLength(1);
  await spare.end();
  expect(readers()).toEqual([]);
});

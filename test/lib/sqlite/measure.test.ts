import { chmodSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { measureDatabase } from '../../../lib/sqlite/measure.ts';
import { openReader } from '../../../lib/sqlite/reader.ts';
import { scratch } from '../../support/scratch.ts';
import { makeLedger, query } from './databases.ts';
import { makeOdd, ordinary } from './odd-databases.ts';

test('everything that can be measured of a file is, and the file stays as it was', async () => {
  const folder = scratch();
  const path = join(folder, 'app.db');
  makeLedger(path, { journalMode: 'wal', rows: 30, pageSize: 8192 });
  const { mtimeNs } = statSync(path, { bigint: true });
  chmodSync(path, 0o440);
  const pageCount = statSync(path).size / 8192;
  expect(await measureDatabase(path)).toEqual({
    facts: {
      engine: 'sqlite',
      sizeBytes: statSync(path).size,
      pageSize: 8192,
      pageCount,
      freePageCount: 0,
      userVersion: 0,
      applicationId: 0,
      schemaSha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      tables: [{ name: 'ledger', rows: 30 }],
      foreignKeyViolations: 0,
      journalMode: 'wal',
      encoding: 'UTF-8',
      sqliteVersion: query(path, 'SELECT sqlite_version()')[0],
    },
    integrity: { check: 'full', problems: [], note: undefined },
  });
  expect(statSync(path, { bigint: true }).mtimeNs).toBe(mtimeNs);
});

test.each([
  ['no table at all', { facts: { userVersion: 1, pageCount: 1 } }],
  ['negative user_version and application_id', { facts: { userVersion: -5, applicationId: -7 } }],
  ['text in UTF-16', { facts: { encoding: 'UTF-16be' } }],
  ['auto_vacuum incremental, with free pages', { facts: { freePageCount: expect.any(Number) as number } }],
  ['foreign keys that are broken', { facts: { foreignKeyViolations: 1 } }],
])('a database with %s', async (name, expected) => {
  const path = join(scratch(), 'app.db');
  makeOdd(path, ordinary[name]?.build ?? (() => expect.unreachable()));
  expect(await measureDatabase(path)).toMatchObject({
    ...expected,
    integrity: { check: 'full', problems: [] },
  });
});

test('the schema hash is equal for equal schemas, whatever pages they are on, and else it is not', async () => {
  const hashOf = async (...sql: string[]) => {
    const path = join(scratch(), 'app.db');
    makeOdd(path, (database) => sql.forEach((line) => database.exec(line)));
    return (await measureDatabase(path)).facts.schemaSha256;
  };
  const [a, b] = ['CREATE TABLE a (x)', 'CREATE TABLE b (x)'];
  const hash = await hashOf(a, b);
  expect(await hashOf(b, 'CREATE TABLE c (x)', a, 'DROP TABLE c', 'VACUUM')).toBe(hash);
  expect(await hashOf(a)).not.toBe(hash);
  expect(await hashOf(a, 'CREATE TABLE b (y)')).not.toBe(hash);
  expect(await hashOf(a, b, 'CREATE INDEX i ON a (x)')).not.toBe(hash);
});

test('a file that cannot be read at all is damaged, and called as the caller calls it', async () => {
  const path = join(scratch(), 'scratch-4711.db');
  const called = 'backups/app/a.db';
  writeFileSync(path, 'no database'.repeat(20));
  await expect(measureDatabase(path, { called })).rejects.toMatchObject({
    kind: 'damaged',
    message: expect.stringContaining(called) as string,
  });
  makeLedger(`${path}.2`);
  truncateSync(`${path}.2`, statSync(`${path}.2`).size - 1);
  await expect(measureDatabase(`${path}.2`, { called })).rejects.toMatchObject({
    kind: 'damaged',
    message: `cannot read all of ${called}: it is cut short, 1 page of 12 missing or not whole`,
  });
});

test('a file that is not there is missing', async () => {
  const path = join(scratch(), 'none.db');
  await expect(measureDatabase(path)).rejects.toMatchObject({ kind: 'missing' });
  expect(readdirSync(join(path, '..'))).toEqual([]);
});

test('an abort ends it with its reason', async () => {
  const path = join(scratch(), 'app.db');
  makeLedger(path);
  const stop = new AbortController();
  const measured = measureDatabase(path, { signal: stop.signal });
  stop.abort(new Error('stopped by SIGTERM'));
  await expect(measured).rejects.toThrow('stopped by SIGTERM');
});

/** Readers that tell what they were opened for, and let `before` happen before the first question but the counts. */
function readers(before: () => void = () => undefined) {
  const opened: boolean[] = [];
  let happened = false;
  const open: typeof openReader = (reading, signal) => {
    opened.push(reading.as === 'mapped');
    const reader = openReader(reading, signal);
    const meanwhile = <T>(ask: () => Promise<T>): Promise<T> => {
      if (!happened) before();
      happened = true;
      return ask();
    };
    return {
      ...reader,
      checkIntegrity: () => meanwhile(reader.checkIntegrity),
      checkTable: (name) => meanwhile(() => reader.checkTable(name)),
    };
  };
  return { opened, open };
}

test.each([
  ['in one', 1e9],
  ['by two', 0],
])(
  'a file that is cut short while it is checked %s is damaged, and we live to tell',
  async (_, sharedBytesMin) => {
    const path = join(scratch(), 'app.db');
    makeLedger(path, { rows: 200 });
    const { opened, open } = readers(() => truncateSync(path, 8192));
    await expect(measureDatabase(path, { called: 'a.db' }, { open, sharedBytesMin })).rejects.toMatchObject({
      kind: 'damaged',
      message: expect.stringMatching(/cannot read a\.db: it is damaged/) as string,
    });
    expect(opened[0]).toBe(true);
    expect(opened.at(-1)).toBe(false);
  },
);

test('while the other core is busy there is no second reader, and a hash that fails is not our affair', async () => {
  const path = join(scratch(), 'app.db');
  makeLedger(path);
  const { opened, open } = readers();
  const never = Promise.withResolvers<void>().promise;
  const measured = await measureDatabase(path, { busyUntil: never }, { open, sharedBytesMin: 0 });
  expect(opened).toEqual([true]);
  const failed = Promise.reject(new Error('no hash'));
  failed.catch(() => undefined); // the one who hashes is told
  expect(await measureDatabase(path, { busyUntil: failed }, { open, sharedBytesMin: 0 })).toEqual(measured);
  expect(opened).toEqual([true, true, true]);
});

test('what does not fit into memory is read page by page, and by one', async () => {
  const path = join(scratch(), 'app.db');
  makeLedger(path);
  const { opened, open } = readers();
  const room = () => statSync(path).size - 1;
  expect(await measureDatabase(path, {}, { open, room, sharedBytesMin: 0 })).toEqual(
    await measureDatabase(path),
  );
  expect(opened).toEqual([false]);
});

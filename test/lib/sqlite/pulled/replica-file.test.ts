// The replica of a pull: whole for whoever reads it, at any moment, and nobody else's file.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Cell } from '../../../../lib/delta/cell.ts';
import type { Change } from '../../../../lib/delta/change.ts';
import type { PulledPiece } from '../../../../lib/delta/pulled.ts';
import type { TableShape } from '../../../../lib/delta/shape.ts';
import { openLive, openOwn } from '../../../../lib/sqlite/open.ts';
import { openReplicaFile } from '../../../../lib/sqlite/pulled/replica-file.ts';
import { scratch } from '../../../support/scratch.ts';

const column = (name: string, declared: string) => ({ name, declared, notNull: false });

const cattle: TableShape = {
  name: 'cattle',
  columns: [column('id', 'INTEGER'), column('tag', 'VARCHAR(20)'), column('weight', 'FLOAT')],
  key: ['id'],
  identity: 'primary',
};

const next = (cursor: string | undefined) => ({
  cursor,
  schemaVersion: 'v1',
  totals: { syncs: 1, failed: 0, records: 0 },
});
const at = '2026-11-20T12:00:00.000Z';

const rows = (from: number, to: number, tag = 'a'): Change[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({
    kind: 'upsert',
    table: 0,
    cells: [BigInt(from + index), `${tag}${from + index}`, 1.5],
  }));

/** Hands the changes on piece by piece, and runs `between` before each. */
function piece(changes: Change[], between: () => void = () => undefined, tables = [cattle]): PulledPiece {
  async function* pieces() {
    for (let index = 0; index < changes.length; index += 10) {
      between();
      yield changes.slice(index, index + 10);
      await Promise.resolve();
    }
    between();
  }
  return { tables, changes: pieces() };
}

async function* only(one: PulledPiece) {
  yield one;
}

async function opened() {
  const path = join(scratch(), 'replica.db');
  const replica = await openReplicaFile(path);
  onTestFinished(() => replica.close());
  return { path, replica };
}

test('who reads meanwhile sees all of what was, until all of the new is there', async () => {
  const { path, replica } = await opened();
  const reader = openLive(path);
  const seen = new Set<string>();
  const look = () => {
    const [count, tags] = reader
      .prepare('SELECT count(*), group_concat(DISTINCT substr(tag, 1, 1)) FROM cattle')
      .raw()
      .get() as [number, string];
    seen.add(`${count} ${tags}`);
  };
  await replica.replace(piece(rows(1, 100, 'a')), next('1.a'), at);
  look();
  await replica.replace(piece(rows(50, 249, 'b'), look), next('2.b'), at);
  look();
  await replica.apply(
    only(piece([...rows(50, 99, 'c').map(gone), ...rows(100, 249, 'c')], look)),
    next('3.c'),
    at,
  );
  look();
  reader.close();
  expect([...seen]).toEqual(['100 a', '200 b', '150 c']);
});

const gone = (change: Change): Change => ({
  kind: 'tombstone',
  table: 0,
  key: change.kind === 'upsert' ? change.cells.slice(0, 1) : change.key,
});

test.each(['replace', 'apply'] as const)(
  'a %s that breaks off leaves rows and cursor as they were',
  async (how) => {
    const { replica } = await opened();
    await replica.replace(piece(rows(1, 30)), next('1.a'), at);
    let pieces = 0;
    const broken = piece(rows(1, 90, 'z'), () => {
      if ((pieces += 1) > 3) throw new Error('cut');
    });
    const work =
      how === 'replace'
        ? replica.replace(broken, next('2.b'), at)
        : replica.apply(only(broken), next('2.b'), at);
    await expect(work).rejects.toThrow('cut');
    expect([replica.rows(), replica.state().cursor]).toEqual([{ cattle: 30 }, '1.a']);
  },
);

test('values, types and keys are the master’s', async () => {
  const { path, replica } = await opened();
  const cells: Cell[][] = [
    [9007199254740993n, 'ü', Infinity],
    [-1n, { text: Buffer.from([0x61, 0xff]) }, 2],
    [0n, Buffer.from([0, 255]), null],
  ];
  const changes = cells.map((row): Change => ({ kind: 'upsert', table: 0, cells: row }));
  await replica.replace(piece(changes), next('1.a'), at);
  const reader = openLive(path);
  const list = 'SELECT id, typeof(tag), hex(tag), typeof(weight), weight FROM cattle ORDER BY id DESC';
  expect(reader.prepare(list).raw().safeIntegers().all()).toEqual([
    [9007199254740993n, 'text', 'C3BC', 'real', Infinity],
    [0n, 'blob', '00FF', 'null', null],
    [-1n, 'text', '61FF', 'real', 2],
  ]);
  expect(reader.prepare("SELECT type, pk FROM pragma_table_info('cattle')").raw().all()).toEqual([
    ['INTEGER', 1],
    ['VARCHAR(20)', 0],
    ['FLOAT', 0],
  ]);
  reader.close();
});

test.each([
  'INT); DROP TABLE _holdfast_pull; --',
  '"',
  "x' y",
  'VARCHAR(10) NOT NULL UNIQUE',
  'INTEGER PRIMARY KEY AUTOINCREMENT',
])('the declared type %j makes a column and nothing else', async (declared) => {
  const { path, replica } = await opened();
  const shape = { ...cattle, columns: [column('id', 'INTEGER'), column('x', declared)] };
  await replica.replace(
    piece([{ kind: 'upsert', table: 0, cells: [1n, null] }], undefined, [shape]),
    next('1.a'),
    at,
  );
  const reader = openLive(path);
  const columns = reader.prepare('SELECT name, "notnull", pk FROM pragma_table_info(\'cattle\')').raw().all();
  reader.close();
  expect(columns).toEqual([
    ['id', 0, 1],
    ['x', 0, 0],
  ]);
  expect(replica.state().cursor).toBe('1.a');
});

test('tables that are others now are made anew, and those that are gone are dropped', async () => {
  const { path, replica } = await opened();
  const pens = { ...cattle, name: 'pens' };
  await replica.replace(piece([], undefined, [cattle, pens]), next('1.a'), at);
  const wider = { ...cattle, columns: [...cattle.columns, column('pen', 'INTEGER')] };
  const one: Change = { kind: 'upsert', table: 0, cells: [1n, 'a', 1, 7n] };
  await replica.replace(piece([one], undefined, [wider]), next('2.b'), at);
  const reader = openLive(path);
  expect(reader.prepare('SELECT pen FROM cattle').pluck().all()).toEqual([7]);
  reader.close();
  expect(replica.rows()).toEqual({ cattle: 1 });
});

test('changes of a table that is another one there are not taken in', async () => {
  const { replica } = await opened();
  await replica.replace(piece(rows(1, 1)), next('1.a'), at);
  const wider = { ...cattle, columns: [...cattle.columns, column('pen', 'INTEGER')] };
  const work = replica.apply(only(piece([], undefined, [wider])), next('2.b'), at);
  await expect(work).rejects.toMatchObject({ kind: 'unavailable' });
});

test.each([
  [
    'a database of an app',
    (path: string) => {
      const app = openOwn(path, { create: true });
      app.exec('CREATE TABLE users (id); INSERT INTO users VALUES (1)');
      app.close();
    },
  ],
  ['a text', (path: string) => writeFileSync(path, 'my notes\n'.repeat(100))],
])('%s is no replica, and stays as it is', async (_, make) => {
  const path = join(scratch(), 'app.db');
  make(path);
  const before = readFileSync(path);
  await expect(openReplicaFile(path)).rejects.toThrow(/cannot/);
  expect(readFileSync(path).equals(before)).toBe(true);
});

test('a replica is opened again as it was left', async () => {
  const path = join(scratch(), 'replica.db');
  const first = await openReplicaFile(path);
  await first.replace(piece(rows(1, 5)), next('1.a'), at);
  first.close();
  const again = await openReplicaFile(path);
  expect([again.rows(), again.state()]).toEqual([
    { cattle: 5 },
    { cursor: '1.a', schemaVersion: 'v1', changedAt: at, fullSyncAt: at, totals: next('').totals },
  ]);
  again.close();
});

// A day that is frozen stays as it was, whatever arrives and whoever writes, until somebody reopens it.
import { expect, test } from 'vitest';
import type { Change } from '../../lib/delta/change.ts';
import {
  gone,
  of,
  type OpenedReplica,
  type OpenReplica,
  row,
  Sender,
  shape,
  tablePolicy,
} from './replica-world.ts';

const day = shape('DAY', ['id INTEGER', 'date TEXT', 'note TEXT']);
const visit = shape('VISIT', ['id INTEGER', 'day_id INTEGER', 'bike TEXT']);
const tables = [day, visit];
const policy = {
  tables: {
    VISIT: tablePolicy({
      day: { column: 'day_id', parent: { table: 'DAY', key: 'id', day: 'date' } },
    }),
  },
};
const why = { by: 'ann', reason: 'the month is reported', exceptions: [] };
const reopening = { by: 'bob', reason: 'a bike was forgotten', force: false };

const days = (...changes: Change[]) => changes;
const visits = (...changes: Change[]) => changes.map((change) => of(1, change));

/** Two days with two visits each, the first of them frozen. */
async function frozen(open: OpenReplica) {
  const opened = await open(policy);
  const sender = new Sender(opened);
  const send = (...changes: Change[]) => sender.send(opened.replica, changes, { tables });
  await send(
    ...days(row(1n, '2026-11-01', null), row(2n, '2026-11-02', null)),
    ...visits(row(10n, 1n, 'a'), row(11n, 1n, 'b'), row(20n, 2n, 'c'), row(21n, 2n, 'd')),
  );
  await opened.replica.freeze('2026-11-01', why);
  return { opened, replica: opened.replica, send };
}

const state = async (opened: OpenedReplica) => [await opened.rows(day), await opened.rows(visit)];

export function frozenTests(open: OpenReplica): void {
  test('what a day amounts to is written down, with who froze it and why', async () => {
    const { replica } = await frozen(open);
    const [made] = await replica.frozenDays();
    expect(made).toMatchObject({
      day: '2026-11-01',
      frozenAt: '2026-11-27T12:00:00.000Z',
      by: 'ann',
      reason: 'the month is reported',
      exceptions: [],
    });
    expect(made?.tables.map(({ table, rows }) => [table, rows])).toEqual([
      ['DAY', 1],
      ['VISIT', 2],
    ]);
    expect(await replica.freeze('2026-11-03', { ...why, exceptions: ['nobody looked'] })).toMatchObject({
      exceptions: ['nobody looked'],
    });
  });

  test.each<[string, Change[], string]>([
    ['a row is changed', visits(row(10n, 1n, 'x')), 'upsert'],
    ['a row is deleted', visits(gone(10n)), 'tombstone'],
    ['a row is moved out of it', visits(row(10n, 2n, 'a')), 'upsert'],
    ['a row is moved into it', visits(row(20n, 1n, 'c')), 'upsert'],
    ['a row is added to it', visits(row(12n, 1n, 'x')), 'upsert'],
    ['its own row is changed', days(row(1n, '2026-11-01', 'x')), 'upsert'],
    ['its own row becomes another day', days(row(1n, '2026-11-09', null)), 'upsert'],
    ['its own row is deleted', days(gone(1n)), 'tombstone'],
    ['another row becomes this day', days(row(2n, '2026-11-01', null)), 'upsert'],
    ['a row is added with its date', days(row(3n, '2026-11-01', null)), 'upsert'],
  ])('%s: it is held, and nothing of it is taken', async (_, changes, kind) => {
    const { opened, replica, send } = await frozen(open);
    const before = await state(opened);
    const result = await send(...changes);
    expect(result).toMatchObject({ held: { 'frozen-day': 1 }, applied: { upserts: 0, deletes: 0 } });
    expect(await state(opened)).toEqual(before);
    expect(await replica.held({ day: '2026-11-01' })).toMatchObject([
      { reason: 'frozen-day', day: '2026-11-01', kind, count: 1 },
    ]);
  });

  test('what is the same is no change, and clears what was held of it', async () => {
    const { replica, send } = await frozen(open);
    await send(...visits(row(10n, 1n, 'x')));
    const result = await send(
      ...days(row(1n, '2026-11-01', null)),
      ...visits(row(10n, 1n, 'a'), row(11n, 1n, 'b')),
    );
    expect(result).toMatchObject({ held: {}, applied: { unchanged: 3 } });
    expect(await replica.held()).toEqual([]);
  });

  test('a walk takes nothing of it away', async () => {
    const { opened, replica } = await frozen(open);
    const before = await state(opened);
    const at = await replica.state('laptop');
    const sender = Object.assign(new Sender(opened), { ...at, links: 5 });
    const range = { table: 0, after: undefined, through: undefined };
    const result = await sender.send(replica, [row(20n, 2n, 'c'), row(21n, 2n, 'd')], {
      tables: [visit],
      range,
      resyncing: true,
    });
    expect(result).toMatchObject({ held: { 'frozen-day': 2 }, applied: { deletes: 0, unchanged: 2 } });
    expect(await state(opened)).toEqual(before);
  });

  test('a piece of a walk that has a row from elsewhere does not get past it', async () => {
    const { opened, replica } = await frozen(open);
    const before = await state(opened);
    const at = await replica.state('laptop');
    const sender = Object.assign(new Sender(opened), { ...at, links: 5 });
    const range = { table: 0, after: [100n], through: [200n] };
    const changes = [row(101n, 2n, 'new'), row(10n, 2n, 'moved')];
    expect(await sender.send(replica, changes, { tables: [visit], range })).toMatchObject({
      held: { 'frozen-day': 1 },
    });
    expect((await opened.rows(visit)).slice(0, 4)).toEqual(before[1]);
  });

  test('other days go on', async () => {
    const { opened, send } = await frozen(open);
    const result = await send(...visits(gone(21n), row(20n, 2n, 'x'), row(22n, 2n, 'y')));
    expect(result).toMatchObject({ held: {}, applied: { upserts: 2, deletes: 1 } });
    expect(await opened.rows(visit)).toHaveLength(4);
  });

  test('a row whose parent is not there has no day', async () => {
    const { opened, replica, send } = await frozen(open);
    expect(await send(...visits(row(30n, 7n, 'x'), row(31n, null, 'x')))).toMatchObject({
      held: { 'no-day': 2 },
    });
    // Once its parent comes it is taken in, though its source does not send it again.
    const result = await send(...days(row(7n, '2026-11-07', null)), ...visits(row(32n, 7n, 'y')));
    expect(result).toMatchObject({ held: {}, applied: { upserts: 2 } });
    expect(await replica.held()).toMatchObject([{ key: [31n] }]);
    expect((await opened.rows(visit)).map(([id]) => id)).toEqual([10n, 11n, 20n, 21n, 30n, 32n]);
  });

  test('a parent that comes is seen by the rows behind it, also where it was looked for before', async () => {
    const { opened, replica, send } = await frozen(open);
    await send(...visits(row(30n, 7n, 'x')));
    await replica.release({ reason: 'no-day' });
    const result = await send(
      ...visits(gone(30n)),
      row(7n, '2026-11-07', null),
      ...visits(row(31n, 7n, 'y')),
    );
    expect(result).toMatchObject({ held: {}, applied: { upserts: 2, deletes: 1 } });
    expect(await opened.rows(visit)).toContainEqual([31n, 7n, 'y']);
  });

  test('deletions of children and of their parent come in one batch', async () => {
    const { opened, send } = await frozen(open);
    const result = await send(...visits(gone(20n), gone(21n), gone(10n)), ...days(gone(2n)));
    expect(result).toMatchObject({ held: { 'frozen-day': 1 }, applied: { deletes: 3 } });
    expect(await opened.rows(day)).toHaveLength(1);
  });

  test('when it is reopened, what was held for it is taken in', async () => {
    const { opened, replica, send } = await frozen(open);
    await send(...visits(gone(11n), row(10n, 1n, 'x'), row(12n, 1n, 'new'), row(40n, null, 'no day')));
    expect(await replica.reopen('2026-11-01', reopening)).toEqual({ replayed: 3, stillHeld: 0 });
    expect(await opened.rows(visit)).toEqual([
      [10n, 1n, 'x'],
      [12n, 1n, 'new'],
      [20n, 2n, 'c'],
      [21n, 2n, 'd'],
    ]);
    expect(await replica.frozenDays()).toEqual([]);
    expect(await replica.held()).toMatchObject([{ reason: 'no-day' }]);
    expect((await send(...visits(row(10n, 1n, 'y')))).applied.upserts).toBe(1);
  });

  test('rows wait with the parent that is held, and come with it', async () => {
    const { opened, replica, send } = await frozen(open);
    const held = (await send(...days(row(3n, '2026-11-01', 'twice')), ...visits(row(30n, 3n, 'x')))).held;
    expect(held).toEqual({ 'frozen-day': 1, 'no-day': 1 });
    await replica.reopen('2026-11-01', reopening);
    expect(await replica.held()).toEqual([]);
    expect(await opened.rows(visit)).toContainEqual([30n, 3n, 'x']);
  });

  test('what moves between two frozen days waits for both', async () => {
    const { opened, replica, send } = await frozen(open);
    await replica.freeze('2026-11-02', why);
    await send(...visits(row(10n, 2n, 'moved')));
    expect(await replica.reopen('2026-11-02', reopening)).toMatchObject({ replayed: 0 });
    expect(await replica.reopen('2026-11-01', reopening)).toMatchObject({ replayed: 1 });
    expect(await opened.rows(visit)).toContainEqual([10n, 2n, 'moved']);
  });

  test('the newest is reopened first, unless somebody insists', async () => {
    const { replica } = await frozen(open);
    await replica.freeze('2026-11-02', why);
    await expect(replica.reopen('2026-11-01', reopening)).rejects.toMatchObject({ kind: 'refused' });
    await replica.reopen('2026-11-01', { ...reopening, force: true });
    expect((await replica.frozenDays()).map((one) => one.day)).toEqual(['2026-11-02']);
  });

  test('it goes one way at a time: what is frozen is not frozen again, what is open not opened', async () => {
    const { replica } = await frozen(open);
    await expect(replica.freeze('2026-11-01', why)).rejects.toMatchObject({ kind: 'refused' });
    await expect(replica.reopen('2026-11-02', reopening)).rejects.toMatchObject({ kind: 'missing' });
    await expect(replica.freeze('2026-02-30', why)).rejects.toMatchObject({ kind: 'usage' });
    expect(await replica.frozenDays()).toHaveLength(1);
  });

  test('a release takes in nothing of it', async () => {
    const { opened, replica, send } = await frozen(open);
    const before = await state(opened);
    await send(...visits(row(10n, 1n, 'x'), gone(11n)));
    expect(await replica.release({})).toEqual({ applied: 0, stillHeld: 2 });
    expect(await state(opened)).toEqual(before);
    expect(await replica.held()).toMatchObject([{ count: 1 }, { count: 1 }]);
  });

  test('freezing waits for the batch that is being taken in', async () => {
    const opened = await open(policy);
    const sender = new Sender(opened);
    const changes = [
      row(1n, '2026-11-01', null),
      ...visits(...Array.from({ length: 2000 }, (_, index) => row(BigInt(index), 1n, 'x'))),
    ];
    const [result, made] = await Promise.all([
      sender.send(opened.replica, changes, { tables }),
      opened.replica.freeze('2026-11-01', why),
    ]);
    expect(result.held).toEqual({});
    expect(made.tables.map(({ rows }) => rows)).toEqual([1, 2000]);
  });

  test.each([
    `UPDATE "VISIT" SET "bike" = 'x' WHERE "id" = 10`,
    `DELETE FROM "VISIT" WHERE "id" = 10`,
    `UPDATE "VISIT" SET "day_id" = 2 WHERE "id" = 10`,
    `UPDATE "VISIT" SET "day_id" = 1 WHERE "id" = 20`,
    `UPDATE "VISIT" SET "id" = 99, "day_id" = 2 WHERE "id" = 10`,
    `INSERT INTO "VISIT" ("id", "day_id", "bike") VALUES (99, 1, 'x')`,
    `UPDATE "DAY" SET "date" = '2026-11-09' WHERE "id" = 1`,
    `UPDATE "DAY" SET "date" = '2026-11-01' WHERE "id" = 2`,
    `DELETE FROM "DAY" WHERE "id" = 1`,
  ])('another program cannot change it: %s', async (sql) => {
    const { opened, replica } = await frozen(open);
    const before = await state(opened);
    await expect(opened.execute(sql)).rejects.toThrow(/frozen/);
    expect(await state(opened)).toEqual(before);
    await opened.reopen(undefined);
    await expect(opened.execute(sql)).rejects.toThrow(/frozen/);
    expect(await replica.close().catch(() => undefined)).toBeUndefined();
  });

  test('another program changes other days, and this one once it is open', async () => {
    const { opened, replica } = await frozen(open);
    await opened.execute(`UPDATE "VISIT" SET "bike" = 'x' WHERE "id" = 20`);
    await replica.reopen('2026-11-01', reopening);
    await opened.execute(`UPDATE "VISIT" SET "bike" = 'x' WHERE "id" = 10`);
    expect(await opened.rows(visit)).toContainEqual([10n, 1n, 'x']);
  });

  test('a table that comes later is guarded as well', async () => {
    const opened = await open({ tables: { late: tablePolicy({ day: { column: 'date' } }) } });
    const late = shape('late', ['id INTEGER', 'date TEXT']);
    await opened.replica.freeze('2026-11-01', why);
    const sender = new Sender(opened);
    const result = await sender.send(opened.replica, [row(1n, '2026-11-01'), row(2n, '2026-11-02')], {
      tables: [late],
    });
    expect(result.held).toEqual({ 'frozen-day': 1 });
    await expect(opened.execute(`UPDATE "late" SET "date" = '2026-11-01'`)).rejects.toThrow(/frozen/);
  });
}

// Staff correct rows by hand: all of it or nothing, and each row that changed is written down.
import { expect, test } from 'vitest';
import { gone, type OpenReplica, row, Sender, shape, tablePolicy } from './replica-world.ts';

const dated = shape('dated', ['id INTEGER', 'date TEXT', 'v TEXT']);
const tables = [dated];
const policy = { tables: { dated: tablePolicy({ day: { column: 'date' } }) } };
const why = { by: 'ann', reason: 'a typing error' };

async function frozen(open: OpenReplica, given = {}) {
  const opened = await open({ ...policy, ...given });
  const sender = new Sender(opened);
  const rows = [row(1n, '2026-11-01', 'a'), row(2n, '2026-11-01', 'b'), row(3n, '2026-11-02', 'c')];
  await sender.send(opened.replica, rows, { tables });
  await opened.replica.freeze('2026-11-01', { ...why, exceptions: [] });
  return { opened, replica: opened.replica, sender };
}

export function correctionTests(open: OpenReplica): void {
  test('rows of a frozen day are corrected, and what they are now is told', async () => {
    const { opened, replica } = await frozen(open);
    const [before] = await replica.frozenDays();
    const sql = `UPDATE "dated" SET "v" = 'x' WHERE "id" = 1; DELETE FROM "dated" WHERE "id" = 2;
      INSERT INTO "dated" ("id", "date", "v") VALUES (9, '2026-11-01', 'new')`;
    expect(await replica.correct(sql, why)).toEqual({ rows: 3 });
    expect(await opened.rows(dated)).toEqual([
      [1n, '2026-11-01', 'x'],
      [3n, '2026-11-02', 'c'],
      [9n, '2026-11-01', 'new'],
    ]);
    const corrections = await replica.corrections(0, 10);
    expect(corrections).toMatchObject([
      {
        by: 'ann',
        reason: 'a typing error',
        at: '2026-11-27T12:00:00.000Z',
        key: [1n],
        cells: [1n, '2026-11-01', 'x'],
        source: 'laptop',
      },
      { key: [2n], cells: undefined },
      { key: [9n], cells: [9n, '2026-11-01', 'new'], source: undefined },
    ]);
    expect(corrections[0]?.shape).toEqual(dated);
    const [after] = await replica.frozenDays();
    expect(after?.tables).toMatchObject([{ table: 'dated', rows: 2 }]);
    expect(after?.tables[0]?.digest).not.toBe(before?.tables[0]?.digest);
  });

  test('they are told in order, and once', async () => {
    const { replica } = await frozen(open);
    for (const v of ['x', 'y', 'z'])
      await replica.correct(`UPDATE "dated" SET "v" = '${v}' WHERE "id" = 3`, why);
    const [first] = await replica.corrections(0, 1);
    const rest = await replica.corrections(first?.id ?? -1, 10);
    expect(rest.map(({ cells }) => cells?.[2])).toEqual(['z', 'z']);
    expect(await replica.corrections(rest.at(-1)?.id ?? -1, 10)).toEqual([]);
  });

  test.each([
    ['one that the target refuses', `UPDATE "dated" SET "v" = 'x'; UPDATE "nothing" SET "v" = 1`, 'damaged'],
    ['none at all', '  -- nothing\n', 'usage'],
  ])('of %s nothing is taken', async (_, sql, kind) => {
    const { opened, replica } = await frozen(open);
    const before = await opened.rows(dated);
    await expect(replica.correct(sql, why)).rejects.toMatchObject({ kind });
    expect(await opened.rows(dated)).toEqual(before);
    expect(await replica.corrections(0, 10)).toEqual([]);
    await expect(opened.execute(`UPDATE "dated" SET "v" = 'x' WHERE "id" = 1`)).rejects.toThrow(/frozen/);
  });

  test.each([
    'DROP TABLE "dated"',
    'COMMIT',
    'UPDATE "dated" SET "v" = \'x\'; COMMIT',
    'DELETE FROM "_holdfast_frozen_day"',
    'UPDATE "dated" SET "_holdfast_source" = 7',
  ])('only rows are corrected, and only those of the source: %s', async (sql) => {
    const { opened, replica } = await frozen(open);
    await expect(replica.correct(sql, why)).rejects.toMatchObject({ kind: 'usage' });
    expect(await opened.rows(dated)).toHaveLength(3);
    expect(await replica.frozenDays()).toHaveLength(1);
  });

  test('a row that staff added is not taken away by a walk, and may be taken over by the source', async () => {
    const { opened, replica, sender } = await frozen(open);
    await replica.correct(`INSERT INTO "dated" ("id", "date", "v") VALUES (9, '2026-11-05', 'ours')`, why);
    const range = { table: 0, after: undefined, through: undefined };
    const rows = [row(1n, '2026-11-01', 'a'), row(2n, '2026-11-01', 'b'), row(3n, '2026-11-02', 'c')];
    await sender.send(replica, rows, { tables, range });
    expect(await opened.rows(dated)).toHaveLength(4);
    expect((await replica.digest([{ table: 'dated' }]))[0]?.rows).toBe(3);
    await sender.send(replica, [row(9n, '2026-11-05', 'theirs')], { tables });
    expect(await opened.rows(dated)).toContainEqual([9n, '2026-11-05', 'theirs']);
  });

  test('a row of an open day that staff corrected is what its source sends next', async () => {
    const { opened, replica, sender } = await frozen(open);
    await replica.correct(`UPDATE "dated" SET "v" = 'staff' WHERE "id" = 3`, why);
    await sender.send(replica, [row(3n, '2026-11-02', 'source')], { tables });
    expect(await opened.rows(dated)).toContainEqual([3n, '2026-11-02', 'source']);
    await sender.send(replica, [gone(3n)], { tables });
    expect(await opened.rows(dated)).toHaveLength(2);
  });

  test('a row that staff added to a frozen day becomes the source’s when it sends the same, and only then', async () => {
    const { opened, replica, sender } = await frozen(open);
    await replica.correct(`INSERT INTO "dated" ("id", "date", "v") VALUES (9, '2026-11-01', 'ours')`, why);
    const early = await sender.send(replica, [gone(9n)], { tables });
    expect(early).toMatchObject({ held: {}, applied: { deletes: 0, unchanged: 1 } });
    const same = await sender.send(replica, [row(9n, '2026-11-01', 'ours')], { tables });
    expect(same).toMatchObject({ held: {}, applied: { upserts: 0, unchanged: 1 } });
    expect((await replica.digest([{ table: 'dated', source: 'laptop' }]))[0]?.rows).toBe(4);
    await replica.reopen('2026-11-01', { ...why, force: false });
    await sender.send(replica, [gone(9n)], { tables });
    expect(await opened.rows(dated)).toHaveLength(3);
  });

  test('what staff wrote is no later write than the source’s', async () => {
    const stamped = { tables: { dated: tablePolicy({ day: { column: 'date' }, updatedAt: 'v' }) } };
    const { opened, replica, sender } = await frozen(open, stamped);
    await replica.correct(
      `INSERT INTO "dated" ("id", "date", "v") VALUES (9, '2026-11-05', '2026-11-27 11:00:00')`,
      why,
    );
    await sender.send(replica, [row(9n, '2026-11-05', '2026-11-01 00:00:00')], { tables });
    expect(await opened.rows(dated)).toContainEqual([9n, '2026-11-05', '2026-11-01 00:00:00']);
  });

  test('what was held before staff corrected its row does not undo that by itself', async () => {
    const { opened, replica, sender } = await frozen(open);
    await sender.send(replica, [row(1n, '2026-11-01', 'before'), row(2n, '2026-11-01', 'before')], {
      tables,
    });
    opened.clock.advance(1000);
    await replica.correct(`UPDATE "dated" SET "v" = 'staff' WHERE "id" = 1`, why);
    opened.clock.advance(1000);
    expect(await replica.reopen('2026-11-01', { ...why, force: false })).toEqual({
      replayed: 1,
      stillHeld: 1,
    });
    const values = async () => (await opened.rows(dated)).slice(0, 2).map(([, , v]) => v);
    expect(await values()).toEqual(['staff', 'before']);
    expect(await replica.held()).toMatchObject([{ key: [1n] }]);
    expect(await replica.release({})).toEqual({ applied: 1, stillHeld: 0 });
    expect(await values()).toEqual(['before', 'before']);
  });
}

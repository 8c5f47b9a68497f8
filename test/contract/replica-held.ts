// What is not believed, or cannot be placed, is kept back: told, never lost, and never in the way of others.
import { expect, test } from 'vitest';
import { gone, type OpenReplica, row, Sender, shape, tablePolicy, visit } from './replica-world.ts';

const dated = shape('dated', ['id INTEGER', 'date TEXT', 'at TEXT']);
const tables = [dated];
const policy = { tables: { dated: tablePolicy({ day: { column: 'date' }, updatedAt: 'at' }) } };

export function heldTests(open: OpenReplica): void {
  test.each([null, '', '2026-02-30', '2026-13-01', '27.11.2026', '2026-11-27 10:00:00', 20261127n])(
    'a row whose day is %s has none: it is held, and the others are taken',
    async (day) => {
      const opened = await open(policy);
      const sender = new Sender(opened);
      const changes = [row(1n, '2026-11-26', null), row(2n, day, null), row(3n, '2028-02-29', null)];
      const result = await sender.send(opened.replica, changes, { tables });
      expect(result).toMatchObject({ held: { 'no-day': 1 }, applied: { upserts: 2 } });
      expect(await opened.replica.held()).toMatchObject([
        {
          source: 'laptop',
          table: 'dated',
          key: [2n],
          reason: 'no-day',
          kind: 'upsert',
          day: undefined,
          count: 1,
        },
      ]);
      expect((await opened.rows(dated)).map(([id]) => id)).toEqual([1n, 3n]);
    },
  );

  test('a stamp ahead of the clock is held until it is due, or somebody lets it in', async () => {
    const opened = await open(policy);
    const sender = new Sender(opened);
    const due = '2026-11-27T12:05:00Z';
    const ahead = '2026-11-27T12:05:00.000001Z';
    const result = await sender.send(
      opened.replica,
      [row(1n, '2026-11-26', due), row(2n, '2026-11-26', ahead), row(3n, '2026-11-26', '2031-01-01')],
      { tables },
    );
    expect(result).toMatchObject({ held: { clock: 2 }, applied: { upserts: 1 } });
    expect(await opened.replica.release({ reason: 'clock', table: 'dated' })).toEqual({
      applied: 2,
      stillHeld: 0,
    });
    expect(await opened.rows(dated)).toHaveLength(3);
    expect(await opened.replica.held()).toEqual([]);
  });

  test('a stamp that was ahead is taken in by itself once it is due', async () => {
    const opened = await open(policy);
    const sender = new Sender(opened);
    await sender.send(opened.replica, [row(1n, '2026-11-26', '2026-11-27T13:00:00Z')], { tables });
    expect(await opened.rows(dated)).toEqual([]);
    opened.clock.advance(60 * 60_000);
    await sender.send(opened.replica, [row(2n, '2026-11-26', null)], { tables });
    expect((await opened.rows(dated)).map(([id]) => id)).toEqual([1n, 2n]);
    expect(await opened.replica.held()).toEqual([]);
  });

  test('a key is held once, with the newest change, and not at all once a later one was taken', async () => {
    const opened = await open(policy);
    const sender = new Sender(opened);
    const send = (...changes: Parameters<typeof sender.send>[1]) =>
      sender.send(opened.replica, changes, { tables });
    await send(row(1n, null, null), row(2n, null, null), row(3n, null, null));
    opened.clock.advance(1000);
    await send(row(1n, 'x', null));
    expect((await opened.replica.held()).map(({ key, count }) => [key[0], count])).toEqual([
      [1n, 2],
      [2n, 1],
      [3n, 1],
    ]);
    const [first] = await opened.replica.held();
    expect(first).toMatchObject({
      firstSeen: '2026-11-27T12:00:00.000Z',
      lastSeen: '2026-11-27T12:00:01.000Z',
    });
    await send(row(1n, '2026-11-26', null), gone(2n));
    expect((await opened.replica.held()).map(({ key }) => key[0])).toEqual([3n]);
  });

  test('what is discarded is forgotten, and the row stays as it is', async () => {
    const opened = await open(policy);
    const sender = new Sender(opened);
    await sender.send(opened.replica, [row(1n, '2026-11-26', null)], { tables });
    await sender.send(opened.replica, [row(1n, null, null), row(2n, null, null)], { tables });
    expect(await opened.replica.discard({ table: 'visit' })).toBe(0);
    expect(await opened.replica.discard({ reason: 'no-day' })).toBe(2);
    expect(await opened.replica.held()).toEqual([]);
    expect(await opened.rows(dated)).toEqual([[1n, '2026-11-26', null]]);
  });

  test('what is held is found by what it is', async () => {
    const opened = await open({ ...policy, sources: ['laptop', 'desk'] });
    const [laptop, desk] = [new Sender(opened), new Sender(opened, 'desk')];
    await laptop.send(opened.replica, [row(1n, null, null), row(2n, '2026-11-26', '2031-01-01')], { tables });
    await desk.send(opened.replica, [row(1n, 'x', null)], { tables });
    const count = async (query: Parameters<typeof opened.replica.held>[0]) =>
      (await opened.replica.held(query)).length;
    expect(await count({})).toBe(3);
    expect(await count({ source: 'desk' })).toBe(1);
    expect(await count({ reason: 'no-day' })).toBe(2);
    expect(await count({ table: 'dated', reason: 'clock' })).toBe(1);
    expect(await count({ table: 'other' })).toBe(0);
    expect(await count({ limit: 2 })).toBe(2);
    expect((await opened.replica.status()).held).toEqual({ clock: 1, 'no-day': 2 });
    const { held, sources } = await opened.replica.standing();
    const groups = held.map(({ source, table, reason, day, changes }) =>
      [source, table, reason, day ?? '', changes].join(' '),
    );
    expect(groups.sort()).toEqual([
      'desk dated no-day  1',
      'laptop dated clock  1',
      'laptop dated no-day  1',
    ]);
    expect(sources).toEqual((await opened.replica.status()).sources);
  });

  const many = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => BigInt(from + index));
  const guarded = (rows: number, percent: number, deletions: 'apply' | 'keep' | 'mark' = 'apply') => ({
    tables: { visit: tablePolicy({ deletions, deletionsMax: { rows, percent } }) },
  });

  test('more deletions than are believed within a day are held, and let in by a person', async () => {
    const opened = await open(guarded(10, 20));
    const { replica } = opened;
    const sender = new Sender(opened);
    await sender.send(
      replica,
      many(0, 100).map((id) => row(id, 'a')),
    );
    expect(
      (
        await sender.send(
          replica,
          many(0, 15).map((id) => gone(id)),
        )
      ).held,
    ).toEqual({});
    opened.clock.advance(60 * 60_000);
    const result = await sender.send(replica, [...many(15, 30).map((id) => gone(id)), row(99n, 'b')]);
    expect(result).toMatchObject({ applied: { deletes: 5, upserts: 1 }, held: { 'mass-deletion': 10 } });
    expect(await opened.rows(visit)).toHaveLength(80);
    expect(await replica.release({ reason: 'mass-deletion' })).toEqual({ applied: 10, stillHeld: 0 });
    expect(await opened.rows(visit)).toHaveLength(70);
    // What a person let in counts against nobody.
    expect((await sender.send(replica, [gone(30n)])).held).toEqual({ 'mass-deletion': 1 });
    opened.clock.advance(23 * 60 * 60_000 + 60_000);
    expect(
      (
        await sender.send(
          replica,
          many(31, 40).map((id) => gone(id)),
        )
      ).held,
    ).toEqual({});
  });

  test('a day later as many are believed again', async () => {
    const opened = await open(guarded(10, 5));
    const sender = new Sender(opened);
    await sender.send(
      opened.replica,
      many(0, 100).map((id) => row(id, 'a')),
    );
    const first = await sender.send(
      opened.replica,
      many(0, 12).map((id) => gone(id)),
    );
    expect(first.held).toEqual({ 'mass-deletion': 2 });
    opened.clock.advance(24 * 60 * 60_000 + 60_000);
    const second = await (await opened.reopen(), sender).send(
      await opened.reopen(),
      many(20, 30).map((id) => gone(id)),
    );
    expect(second.applied.deletes).toBe(10);
  });

  test('a walk that finds a table empty deletes no more than is believed', async () => {
    const opened = await open(guarded(10, 20));
    const sender = new Sender(opened);
    await sender.send(
      opened.replica,
      many(0, 100).map((id) => row(id, 'a')),
    );
    const range = { table: 0, after: undefined, through: undefined };
    const result = await sender.send(opened.replica, [], { range, resyncing: true });
    expect(result).toMatchObject({ applied: { deletes: 20 }, held: { 'mass-deletion': 80 } });
    const filled = await sender.send(
      opened.replica,
      many(0, 100).map((id) => row(id, 'a')),
      { range, resyncing: true },
    );
    expect(filled.applied).toEqual({ upserts: 20, deletes: 0, unchanged: 80 });
    expect(await opened.replica.held()).toEqual([]);
  });

  test.each(['keep', 'mark'] as const)('where deletions are to %s, the row stays', async (deletions) => {
    const opened = await open(guarded(1000, 20, deletions));
    const { replica } = opened;
    const sender = new Sender(opened);
    await sender.send(replica, [row(1n, 'a'), row(2n, 'b')]);
    const result = await sender.send(replica, [gone(1n)]);
    expect(result.applied.deletes).toBe(1);
    expect(await opened.rows(visit)).toHaveLength(2);
    const [digest] = await replica.digest([{ table: 'visit' }]);
    expect(digest?.rows).toBe(1);
    expect((await sender.send(replica, [gone(1n)])).applied).toEqual({
      upserts: 0,
      deletes: 0,
      unchanged: 1,
    });
    expect((await sender.send(replica, [row(1n, 'a')])).applied.upserts).toBe(1);
    expect((await replica.digest([{ table: 'visit' }]))[0]?.rows).toBe(2);
  });
}

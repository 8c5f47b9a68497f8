// Where several sources change one row, the last write wins, whatever comes first; within one source its order counts.
import { expect, test } from 'vitest';
import {
  gone,
  type OpenedReplica,
  type OpenReplica,
  row,
  Sender,
  shape,
  tablePolicy,
} from './replica-world.ts';

const cattle = shape('cattle', ['id INTEGER', 'v TEXT', 'updated_at TEXT']);
const stamped = {
  sources: ['laptop', 'desk'],
  tables: { cattle: tablePolicy({ updatedAt: 'updated_at' }) },
};
const tables = [cattle];

async function both(open: OpenReplica, policy = {}) {
  const opened = await open({ ...stamped, ...policy });
  return { opened, laptop: new Sender(opened), desk: new Sender(opened, 'desk'), replica: opened.replica };
}

const value = async (opened: OpenedReplica) => (await opened.rows(cattle)).map(([, v]) => v);

export function lastWriteTests(open: OpenReplica): void {
  test.each([
    ['2026-11-20T10:00:00Z', '2026-11-20 10:00:00.000001'],
    ['2026-11-20 10:00:00', '2026-11-20T10:00:01+00:00'],
    ['2026-11-20T12:00:00+02:00', '2026-11-20T10:00:00.5Z'],
    ['1700000000', '1700000000001'],
    ['Mon, 15 Jan 2024 10:30:00 GMT', '2024-01-15 10:30:01'],
  ])('%s is before %s, whichever comes first', async (before, after) => {
    for (const order of [0, 1]) {
      const { opened, laptop, desk, replica } = await both(open);
      const sends = [
        () => laptop.send(replica, [row(1n, 'old', before)], { tables }),
        () => desk.send(replica, [row(1n, 'new', after)], { tables }),
      ];
      if (order === 1) sends.reverse();
      for (const send of sends) await send();
      expect(await value(opened)).toEqual(['new']);
    }
  });

  test('equal stamps are decided alike, whichever comes first', async () => {
    const stamp = '2026-11-20 10:00:00';
    const ends = [];
    for (const order of [0, 1]) {
      const { opened, laptop, desk, replica } = await both(open);
      const sends = [
        () => laptop.send(replica, [row(1n, 'one', stamp)], { tables }),
        () => desk.send(replica, [row(1n, 'two', stamp)], { tables }),
      ];
      if (order === 1) sends.reverse();
      for (const send of sends) await send();
      ends.push(await value(opened));
    }
    expect(ends[0]).toEqual(ends[1]);
  });

  test('within one source a stamp that goes backwards is told, and taken', async () => {
    const { opened, laptop, replica } = await both(open);
    await laptop.send(replica, [row(1n, 'first', '2026-11-20 10:00:00')], { tables });
    const result = await laptop.send(replica, [row(1n, 'second', '2026-11-20 09:00:00')], { tables });
    expect(result).toMatchObject({ anomalies: 1, applied: { upserts: 1 } });
    expect(await value(opened)).toEqual(['second']);
  });

  test('a deletion wins against an older row, and loses against a younger one', async () => {
    const { opened, laptop, desk, replica } = await both(open);
    await laptop.send(replica, [row(1n, 'a', '2026-11-20 10:00:00'), row(2n, 'a', '2026-11-27 11:59:00')], {
      tables,
    });
    const takenAt = new Date('2026-11-25T00:00:00Z');
    const result = await desk.send(replica, [gone(1n), gone(2n)], { tables, takenAt });
    expect(result.applied).toEqual({ upserts: 0, deletes: 1, unchanged: 1 });
    expect((await opened.rows(cattle)).map(([id]) => id)).toEqual([2n]);
  });

  test('an older row that comes late does not bring back what was deleted; a younger one does', async () => {
    const { opened, laptop, desk, replica } = await both(open);
    await laptop.send(replica, [row(1n, 'a', '2026-11-20 10:00:00')], { tables });
    await laptop.send(replica, [gone(1n), gone(2n)], { tables, takenAt: new Date('2026-11-25T00:00:00Z') });
    const late = [row(1n, 'late', '2026-11-24 00:00:00'), row(2n, 'late', '2026-11-24 00:00:00')];
    expect((await desk.send(replica, late, { tables })).applied.upserts).toBe(0);
    const reopened = await opened.reopen();
    await desk.send(reopened, [row(1n, 'younger', '2026-11-26 00:00:00')], { tables });
    expect(await value(opened)).toEqual(['younger']);
  });

  test('a row that came too late does not keep a later deletion from its effect', async () => {
    const { opened, laptop, desk, replica } = await both(open);
    await laptop.send(replica, [row(1n, 'a', '2026-11-25 10:00:00')], { tables });
    await desk.send(replica, [row(1n, 'stale', '2026-11-01 10:00:00')], { tables });
    expect(await value(opened)).toEqual(['a']);
    await desk.send(replica, [gone(1n)], { tables, takenAt: new Date('2026-11-26T00:00:00Z') });
    expect(await value(opened)).toEqual([]);
  });

  test('the source that deleted a row may put it back, whatever its stamp', async () => {
    const { opened, laptop, replica } = await both(open);
    await laptop.send(replica, [row(1n, 'a', '2026-11-20 10:00:00')], { tables });
    await laptop.send(replica, [gone(1n)], { tables });
    await laptop.send(replica, [row(1n, 'back', '2026-11-20 10:00:00')], { tables });
    expect(await value(opened)).toEqual(['back']);
  });

  test('without a column for it the time of the snapshot counts, and none is in the future', async () => {
    const { opened, laptop, desk, replica } = await both(open, { tables: {} });
    await laptop.send(replica, [row(1n, 'ahead', null)], {
      tables,
      takenAt: new Date('2027-06-01T00:00:00Z'),
    });
    opened.clock.advance(60_000);
    await desk.send(replica, [row(1n, 'later', null)], { tables });
    expect(await value(opened)).toEqual(['later']);
    await laptop.send(replica, [row(1n, 'before', null)], {
      tables,
      takenAt: new Date('2026-11-01T00:00:00Z'),
    });
    expect(await value(opened)).toEqual(['later']);
  });

  test('an old row of nothing is held once deletions of its time are forgotten, and taken in a walk', async () => {
    const { opened, laptop, desk, replica } = await both(open, { tombstonesKeptMs: 10 * 86_400_000 });
    await laptop.send(replica, [row(1n, 'a', '2026-11-20 10:00:00')], { tables });
    await laptop.send(replica, [gone(1n)], { tables });
    opened.clock.advance(11 * 86_400_000);
    const old = row(1n, 'old', '2026-11-26 10:00:00');
    const result = await desk.send(replica, [old, row(2n, 'young', '2026-12-08 00:00:00')], { tables });
    expect(result).toMatchObject({ held: { clock: 1 }, applied: { upserts: 1 } });
    const range = { table: 0, after: undefined, through: undefined };
    await desk.send(replica, [old, row(2n, 'young', '2026-12-08 00:00:00')], { tables, range });
    expect(await value(opened)).toEqual(['old', 'young']);
    expect(await replica.held()).toEqual([]);
  });

  test('the same row of another source changes nothing', async () => {
    const { laptop, desk, replica } = await both(open);
    await laptop.send(replica, [row(1n, 'a', '2026-11-20 10:00:00')], { tables });
    const result = await desk.send(replica, [row(1n, 'a', '2026-11-20 10:00:00')], { tables });
    expect(result.applied).toEqual({ upserts: 0, deletes: 0, unchanged: 1 });
  });
}

// Batches arrive once and in order, whatever is lost, repeated or put back.
import { expect, test } from 'vitest';
import { unconfirmedKeysMax } from '../../lib/delta/agreement.ts';
import type { Change } from '../../lib/delta/change.ts';
import { again, arriving, gone, hex32, type OpenReplica, row, Sender, visit } from './replica-world.ts';

export function turnTests(open: OpenReplica): void {
  test('a source that never sent anything is unknown, and its first batch is taken', async () => {
    const opened = await open();
    const { replica } = opened;
    expect(await replica.state('laptop')).toEqual({
      source: 'laptop',
      instance: undefined,
      lineage: undefined,
      epoch: undefined,
      batchNo: 0,
      nonce: undefined,
      confirmedNonce: undefined,
      unconfirmedKeys: 0,
      highWater: 0,
    });
    const sender = new Sender(opened);
    const result = await sender.send(replica, [row(1n, 'a'), row(2n, 'b')]);
    expect(result).toMatchObject({
      batchNo: 1,
      applied: { upserts: 2, deletes: 0, unchanged: 0 },
      held: {},
      refusedTables: [],
      anomalies: 0,
    });
    expect(result.nonce).toMatch(/^[0-9a-f]{32}$/);
    expect(await replica.state('laptop')).toMatchObject({
      instance: sender.instance,
      lineage: sender.lineage,
      epoch: sender.epoch,
      batchNo: 1,
      nonce: result.nonce,
      unconfirmedKeys: 2,
      highWater: 2,
    });
  });

  test('a batch that comes again gets the answer that it had, and changes nothing', async () => {
    const opened = await open();
    const { replica } = opened;
    const sender = new Sender(opened);
    await sender.send(replica, [row(1n, 'a')]);
    const changes = [row(1n, 'b'), gone(7n)];
    const batch = sender.batch(changes);
    const result = await replica.apply(batch);
    expect(await replica.apply(again(batch, changes))).toEqual(result);
    sender.acknowledge(batch, result);
    await sender.send(replica, [row(1n, 'c')]);
    expect(await replica.apply(again(batch, changes))).toEqual(result);
    expect(await (await opened.reopen()).apply(again(batch, changes))).toEqual(result);
    expect(await opened.rows(visit)).toEqual([[1n, 'c']]);
  });

  test('other bytes under a number that was taken are refused', async () => {
    const opened = await open();
    const sender = new Sender(opened);
    const batch = sender.batch([row(1n, 'a')]);
    await opened.replica.apply(batch);
    const other = arriving({ header: batch.header, changes: [row(1n, 'b')] });
    await expect(opened.replica.apply(other)).rejects.toMatchObject({
      reason: 'differs',
      state: { batchNo: 1 },
    });
    expect(await opened.rows(visit)).toEqual([[1n, 'a']]);
  });

  test.each<[string, string, (sender: Sender) => void]>([
    ['one is missing before it', 'state', (sender) => (sender.batchNo += 1)],
    [
      'it does not follow the last one',
      'state',
      (sender) => (sender.lineage = '1-0000000000000000-0000000000000000'),
    ],
    ['it is of another stream', 'state', (sender) => (sender.epoch = '2'.repeat(32))],
    [
      'it begins a stream that does not replace this one',
      'state',
      (sender) => {
        sender.epoch = '2'.repeat(32);
        sender.batchNo = 0;
        sender.nonce = undefined;
      },
    ],
    ['its database held no nonce', 'state', (sender) => (sender.nonce = undefined)],
    ['its database held a nonce of long ago', 'state', (sender) => (sender.nonce = 'e'.repeat(32))],
    ['another machine sends it', 'fork', (sender) => (sender.instance = 'f'.repeat(32))],
  ])('a batch is refused, and nothing of it taken: %s', async (_, reason, change) => {
    const opened = await open();
    const sender = new Sender(opened);
    await sender.send(opened.replica, [row(1n, 'a')]);
    await sender.send(opened.replica, [row(1n, 'b')]);
    const before = await opened.replica.state('laptop');
    change(sender);
    await expect(opened.replica.apply(sender.batch([row(1n, 'x'), row(9n, 'x')]))).rejects.toMatchObject({
      name: 'ProtocolRefusal',
      reason,
      state: { batchNo: 2, nonce: before.nonce },
    });
    expect(await opened.replica.state('laptop')).toEqual(before);
    expect(await opened.rows(visit)).toEqual([[1n, 'b']]);
  });

  test('a nonce that was seen confirms all before it, and only that', async () => {
    const opened = await open();
    const { replica } = opened;
    const sender = new Sender(opened);
    const first = await sender.send(replica, [row(1n, 'a')]);
    const second = await sender.send(replica, [row(2n, 'a'), gone(3n)]);
    expect(await replica.state('laptop')).toMatchObject({
      nonce: second.nonce,
      confirmedNonce: first.nonce,
      unconfirmedKeys: 2,
    });
    expect(await replica.unconfirmed('laptop')).toEqual([{ table: 'visit', keys: [[2n], [3n]] }]);
  });

  test('keys pile up since the last nonce that was confirmed, while replies are lost', async () => {
    const opened = await open();
    const { replica } = opened;
    const sender = new Sender(opened);
    const first = await sender.send(replica, [row(1n, 'a')]);
    await sender.send(replica, [row(2n, 'a')]);
    sender.nonce = first.nonce; // the database was put back to before it knew of the second
    const third = await sender.send(replica, [row(3n, 'a')]);
    expect(await replica.state('laptop')).toMatchObject({
      nonce: third.nonce,
      confirmedNonce: first.nonce,
      unconfirmedKeys: 2,
    });
    const unconfirmed = await replica.unconfirmed('laptop');
    expect(unconfirmed).toEqual([{ table: 'visit', keys: [[2n], [3n]] }]);
    sender.nonce = first.nonce;
    await sender.send(replica, [gone(2n), row(3n, 'b')]);
    expect(await opened.rows(visit)).toEqual([
      [1n, 'a'],
      [3n, 'b'],
    ]);
  });

  test('more keys than anybody would ask for are counted, and not kept', async () => {
    const opened = await open();
    const sender = new Sender(opened);
    const changes: Change[] = [];
    for (let id = 0n; id <= BigInt(unconfirmedKeysMax); id += 1n) changes.push(gone(id));
    await sender.send(opened.replica, changes);
    expect(await opened.replica.state('laptop')).toMatchObject({ unconfirmedKeys: unconfirmedKeysMax + 1 });
    expect(await opened.replica.unconfirmed('laptop')).toEqual([]);
  });

  test('a new stream takes the place of the old one, and what was not confirmed counts no more', async () => {
    const opened = await open();
    const { replica } = opened;
    const sender = new Sender(opened);
    await sender.send(replica, [row(1n, 'a')]);
    await sender.send(replica, [row(2n, 'a')]);
    const batch = sender.beginning('2'.repeat(32), [row(3n, 'a')]);
    const result = await replica.apply(batch);
    expect(await replica.state('laptop')).toMatchObject({
      epoch: '2'.repeat(32),
      batchNo: 1,
      nonce: result.nonce,
      confirmedNonce: undefined,
      unconfirmedKeys: 1,
    });
    expect(await replica.unconfirmed('laptop')).toEqual([{ table: 'visit', keys: [[3n]] }]);
  });

  test('a machine that takes over sends from then on, and the old one no more', async () => {
    const opened = await open();
    const { replica } = opened;
    const old = new Sender(opened);
    await old.send(replica, [row(1n, 'a')]);
    await replica.takeOver('laptop', { instance: hex32('new'), lineage: undefined });
    await expect(replica.apply(old.batch([row(1n, 'b')]))).rejects.toMatchObject({ reason: 'fork' });
    const heir = new Sender(opened);
    Object.assign(heir, { instance: hex32('new'), batchNo: 1, nonce: old.nonce });
    // It cannot go on with the stream of the other, even where it knows its nonce.
    await expect(replica.apply(heir.batch([row(1n, 'x')]))).rejects.toMatchObject({ reason: 'state' });
    heir.lineage = undefined;
    await replica.apply(heir.beginning('3'.repeat(32), [row(1n, 'c')]));
    expect(await opened.rows(visit)).toEqual([[1n, 'c']]);
  });

  test('a batch that cannot be read to its end leaves nothing, and the next try takes all of it', async () => {
    const opened = await open();
    const sender = new Sender(opened);
    const changes = [row(1n, 'a'), row(2n, 'b')];
    const batch = sender.batch(changes);
    const torn = {
      ...batch,
      changes: {
        async *[Symbol.asyncIterator]() {
          yield changes.slice(0, 1);
          await Promise.reject(new Error('torn'));
        },
      },
    };
    await expect(opened.replica.apply(torn)).rejects.toThrow('torn');
    expect(await opened.replica.state('laptop')).toMatchObject({ batchNo: 0, instance: undefined });
    await opened.replica.apply(again(batch, changes));
    expect(await opened.rows(visit)).toHaveLength(2);
  });

  test('two that call at once wait for one another', async () => {
    const opened = await open({ sources: ['laptop', 'desk'] });
    const [one, other] = [new Sender(opened), new Sender(opened, 'desk')];
    const rows = (from: bigint) => Array.from({ length: 2000 }, (_, index) => row(from + BigInt(index), 'x'));
    const batch = one.batch(rows(0n));
    const results = await Promise.all([
      opened.replica.apply(batch),
      opened.replica.apply(other.batch(rows(5000n))),
      opened.replica.apply(again(batch, rows(0n))),
    ]);
    expect(results[2]).toEqual(results[0]);
    expect(await opened.rows(visit)).toHaveLength(4000);
  });

  test('a long batch lets others have their turn', async () => {
    const opened = await open();
    const changes = Array.from({ length: 20_000 }, (_, index) => row(BigInt(index), 'x'));
    const ended: string[] = [];
    const { header, sha256 } = new Sender(opened).batch([]);
    const atOnce = {
      async *[Symbol.asyncIterator]() {
        await Promise.resolve();
        yield changes;
      },
    };
    const applying = opened.replica
      .apply({ header, sha256, changes: atOnce })
      .then(() => ended.push('batch'));
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    await opened.replica.state('laptop').then(() => ended.push('state'));
    await applying;
    expect(ended).toEqual(['state', 'batch']);
  });

  test('what is being taken in shows to nobody before it is whole', async () => {
    const opened = await open();
    const sender = new Sender(opened);
    await sender.send(opened.replica, [row(0n, 'a')]);
    const seen: unknown[] = [];
    const batch = sender.batch([]);
    await opened.replica.apply({
      ...batch,
      changes: {
        async *[Symbol.asyncIterator]() {
          yield [row(1n, 'a'), gone(0n)];
          seen.push((await opened.replica.state('laptop')).batchNo, await opened.rows(visit));
          yield [row(2n, 'a')];
        },
      },
    });
    expect(seen).toEqual([1, [[0n, 'a']]]);
    expect(await opened.rows(visit)).toEqual([
      [1n, 'a'],
      [2n, 'a'],
    ]);
  });

  test('the first batch of a stream that has ended is not taken once more', async () => {
    const opened = await open();
    const sender = new Sender(opened);
    const changes = [row(1n, 'a')];
    const first = sender.batch(changes);
    sender.acknowledge(first, await opened.replica.apply(first));
    const second = sender.beginning('2'.repeat(32), [row(1n, 'b')]);
    sender.acknowledge(second, await opened.replica.apply(second));
    const header = { ...first.header, heldLineage: second.header.lineage, replaces: second.header.epoch };
    await expect(opened.replica.apply(arriving({ header, changes }))).rejects.toMatchObject({
      reason: 'state',
    });
    expect(await opened.rows(visit)).toEqual([[1n, 'b']]);
  });
}

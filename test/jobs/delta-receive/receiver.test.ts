// The receiver as a sender meets it: pieces of a batch, in whatever order and however often they come, are applied once.
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { receivePlaces } from '../../../jobs/delta-receive/steps/places.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import type { BatchPiece, Peer } from '../../../lib/delta/peer.ts';
import { readKeys, writeKeys } from '../../../lib/http/keys.ts';
import { historyWorld } from '../../support/history-world.ts';
import { batchFile, epoch, ReceiverWorld, sha256Of } from '../../support/receiver-world.ts';
import { realPeer } from '../../support/real-peer.ts';

function peerOf(world: ReceiverWorld, key = world.key): Peer {
  return realPeer({ to: world.url, key, timeoutMs: 20_000 });
}

function pieces(file: Buffer, sizes: number, batchNo = 1): BatchPiece[] {
  const found: BatchPiece[] = [];
  for (let offset = 0; offset < file.length; offset += sizes)
    found.push({
      epoch,
      batchNo,
      sizeBytes: file.length,
      sha256: sha256Of(file),
      offset,
      bytes: file.subarray(offset, offset + sizes),
    });
  return found;
}

const whole = (file: Buffer, batchNo = 1) => pieces(file, file.length, batchNo)[0] as BatchPiece;

test('a batch in one piece is applied, and where both stand is told', async () => {
  await using world = await ReceiverWorld.start();
  const peer = peerOf(world);
  expect(await peer.state()).toMatchObject({
    state: { source: 'laptop-1', batchNo: 0, epoch: undefined },
    staged: undefined,
    dayRules: { VISIT: { column: 'date' } },
    replica: 'tt',
    version: '1.0.0',
  });
  const sent = await peer.send(whole(batchFile(3)));
  expect(sent).toMatchObject({ result: { batchNo: 1, applied: { upserts: 3, deletes: 0, unchanged: 0 } } });
  expect(world.replica.changes).toHaveLength(3);
  expect(await peer.state()).toMatchObject({ state: { batchNo: 1, epoch }, staged: undefined });
  // The reply was lost: it is sent again.
  expect(await peer.send(whole(batchFile(3)))).toEqual(sent);
  expect(world.replica.changes).toHaveLength(3);
  peer.close();
});

test('each batch leaves a row in the history, and a history that cannot be written stops none', async () => {
  await using world = await ReceiverWorld.start();
  const past = historyWorld();
  const peer = peerOf(world);
  await peer.send(whole(batchFile(3))); // there is no history yet
  world.openHistory = () => historyWorld(past.path).history;
  await peer.send(whole(batchFile(2, { batchNo: 2 }), 2));
  await expect(peer.send(whole(batchFile(2, { batchNo: 4 }), 4))).rejects.toThrow();
  await world.receiver.watch();
  world.replica.standing = () => Promise.reject(new OpsError('unavailable', 'cannot reach the database'));
  await world.receiver.watch();
  await world.receiver.close();
  const sources = past.rows('SELECT source, batches, last_seen_at FROM replica_sources');
  expect(sources).toEqual([]); // of what was looked at within a second the newest counts
  expect(
    past.rows('SELECT batch_no, direction, subject, source, outcome, upserts FROM batches ORDER BY id'),
  ).toEqual(
    [
      [1, 'applied', 3],
      [2, 'applied', 2],
      [4, 'refused', 0],
    ].map(([batch_no, outcome, upserts]) => ({
      ...{ batch_no, outcome, upserts },
      ...{ direction: 'received', subject: 'tt', source: 'laptop-1' },
    })),
  );
  expect(past.rows('SELECT replica, problem FROM replicas')).toEqual([
    { replica: 'tt', problem: 'cannot reach the database' },
  ]);
  peer.close();
});

test('no cycle of a source counts rows: that reads every table', async () => {
  await using world = await ReceiverWorld.start();
  const peer = peerOf(world);
  await peer.state();
  await peer.offer([]);
  await peer.send(whole(batchFile(3)));
  await peer.unconfirmed();
  expect(world.replica.calls).toEqual([]);
  peer.close();
});

test('pieces come one after another, and what does not join is told where to go on', async () => {
  await using world = await ReceiverWorld.start();
  const peer = peerOf(world);
  const file = batchFile(5000);
  const [first, second, third, ...rest] = pieces(file, 3000);
  expect(await peer.send(first as BatchPiece)).toEqual({ received: 3000 });
  expect(await peer.send(third as BatchPiece)).toEqual({ received: 3000 });
  expect(await peer.send(first as BatchPiece)).toEqual({ received: 3000 });
  expect((await peer.state()).staged).toEqual({ epoch, batchNo: 1, sha256: sha256Of(file), bytes: 3000 });
  expect(world.replica.changes).toEqual([]);
  let last;
  for (const piece of [second, third, ...rest]) last = await peer.send(piece as BatchPiece);
  expect(last).toMatchObject({ result: { applied: { upserts: 5000 } } });
  peer.close();
});

test('another batch takes the place of one that was not whole', async () => {
  await using world = await ReceiverWorld.start();
  const peer = peerOf(world);
  await peer.send(pieces(batchFile(5000), 3000)[0] as BatchPiece);
  expect(await peer.send(whole(batchFile(2)))).toMatchObject({ result: { applied: { upserts: 2 } } });
  peer.close();
});

test('what was there before a restart is gone on with, and sent once more where a power cut has spoilt it', async () => {
  const world = await ReceiverWorld.start();
  const [first, ...rest] = pieces(batchFile(5000), 3000);
  const staged = join(receivePlaces(world.state).staged, 'laptop-1', 'batch');
  for (const spoil of [() => undefined, () => writeFileSync(staged, 'x'.repeat(3000))]) {
    const before = peerOf(world);
    world.replica.changes.length = 0;
    await before.send(first as BatchPiece);
    before.close();
    await world.server.close();
    await world.receiver.close();
    spoil();
    await world.listen();
    const peer = peerOf(world);
    expect((await peer.state()).staged?.bytes).toBe(3000);
    let last;
    for (const piece of rest) last = await peer.send(piece);
    if (spoil.toString().includes('writeFileSync')) {
      expect(last).toEqual({ received: 0 });
      for (const piece of [first as BatchPiece, ...rest]) last = await peer.send(piece);
    }
    expect(last).toMatchObject({ result: { batchNo: 1 } });
    peer.close();
  }
  await world[Symbol.asyncDispose]();
});

test('a file that is longer than its batch says is begun anew', async () => {
  await using world = await ReceiverWorld.start();
  const peer = peerOf(world);
  const file = batchFile(5000);
  await peer.send(pieces(file, 3000)[0] as BatchPiece);
  truncateSync(join(receivePlaces(world.state).staged, 'laptop-1', 'batch'), file.length + 1);
  expect(await peer.send(pieces(file, 3000)[1] as BatchPiece)).toEqual({ received: 0 });
  peer.close();
});

describe('what is no batch is refused, nothing of it is applied or kept, and the next one is taken', () => {
  const good = batchFile(3);
  const flipped = Buffer.from(good);
  flipped[good.length - 20] = (flipped[good.length - 20] ?? 0) ^ 1;
  const drop = "x'); DROP TABLE VISIT; --";
  test.each<[string, Partial<BatchPiece> & { bytes: Buffer }, object]>([
    ['other bytes than its SHA-256', { bytes: good, sha256: 'a'.repeat(64) }, { reason: 'malformed' }],
    ['a flipped bit', { bytes: flipped, sha256: sha256Of(good) }, { reason: 'malformed' }],
    ['cut short', { bytes: good.subarray(0, -4) }, { reason: 'malformed' }],
    ['more behind its end', { bytes: Buffer.concat([good, Buffer.from('x')]) }, { reason: 'malformed' }],
    ['no header', { bytes: Buffer.from('hello\n') }, { reason: 'malformed' }],
    ['no line at all', { bytes: Buffer.alloc(100, 'x') }, { reason: 'malformed' }],
    ['another number in its header', { bytes: batchFile(3, { batchNo: 2 }) }, { reason: 'malformed' }],
    [
      'another epoch in its header',
      { bytes: batchFile(3, { epoch: 'f'.repeat(32) }) },
      { reason: 'malformed' },
    ],
    ['a batch of another source', { bytes: batchFile(3, { source: 'laptop-2' }) }, { kind: 'denied' }],
    [
      'the next but one',
      { bytes: batchFile(3, { batchNo: 2 }), batchNo: 2 },
      { reason: 'state', state: { batchNo: 0 } },
    ],
    [
      'a line of more columns',
      { bytes: batchFile(3, {}, (line) => line.replace(']', ',1]')) },
      { reason: 'malformed' },
    ],
    [
      'a line of a table that is none',
      { bytes: batchFile(3, {}, (line) => line.replace('[0', '[7')) },
      { reason: 'malformed' },
    ],
    ['a line that is SQL', { bytes: batchFile(3, {}, () => drop) }, { reason: 'malformed' }],
    [
      'a value of no kind',
      { bytes: batchFile(3, {}, (line) => line.replace(/"note \d"/, '{"x":"1"}')) },
      { reason: 'malformed' },
    ],
    [
      'an INTEGER of 65 bits',
      { bytes: batchFile(3, {}, () => '[0,{"i":"18446744073709551616"},null]') },
      { reason: 'malformed' },
    ],
  ])('%s', async (_, changes, expected) => {
    await using world = await ReceiverWorld.start();
    const peer = peerOf(world);
    const piece = { ...whole(changes.bytes), ...changes };
    await expect(peer.send(piece)).rejects.toMatchObject(expected);
    expect(world.replica.changes).toEqual([]);
    expect(readdirSync(receivePlaces(world.state).staged)).toEqual([]);
    expect(await peer.send(whole(good))).toMatchObject({ result: { batchNo: 1 } });
    peer.close();
  });

  test('the number of one that was applied, with other bytes', async () => {
    await using world = await ReceiverWorld.start();
    const peer = peerOf(world);
    await peer.send(whole(good));
    await expect(peer.send(whole(batchFile(4)))).rejects.toMatchObject({ reason: 'differs' });
    expect(world.replica.changes).toHaveLength(3);
    peer.close();
  });

  test('one that unpacks to more than any batch of its size can', async () => {
    await using world = await ReceiverWorld.start();
    const peer = peerOf(world);
    const { makeBlock, endOfBlocks } = await import('../../../lib/files/block-file.ts');
    const head = batchFile(0).subarray(0, -4);
    // A line that is one, so that nothing else than its size is wrong.
    const zeros = makeBlock(`[-1,${' '.repeat(31 * 1024 * 1024)}1]\n`, 1);
    const bomb = Buffer.concat([head, ...Array<Buffer>(10).fill(zeros), endOfBlocks]);
    expect(bomb.length).toBeLessThan(100_000);
    await expect(peer.send(whole(bomb))).rejects.toMatchObject({
      reason: 'malformed',
      message: expect.stringContaining('larger than any batch of its size') as string,
    });
    const empty = Buffer.concat([head, makeBlock('\n'.repeat(30 * 1024 * 1024), 1), endOfBlocks]);
    await expect(peer.send(whole(empty))).rejects.toMatchObject({ reason: 'malformed' });
    const tooLarge = Buffer.concat([head, makeBlock(' '.repeat(33 * 1024 * 1024), 1), endOfBlocks]);
    await expect(peer.send(whole(tooLarge))).rejects.toMatchObject({ reason: 'malformed' });
    peer.close();
  });
});

test('a batch, and a piece, may be so large and no larger', async () => {
  await using world = await ReceiverWorld.start();
  const peer = peerOf(world);
  const piece = whole(batchFile(3));
  await expect(peer.send({ ...piece, sizeBytes: 4 * 1024 * 1024 + 1 })).rejects.toMatchObject({
    kind: 'too-large',
  });
  await expect(
    peer.send({ ...piece, sizeBytes: 3_000_000, bytes: Buffer.alloc(2_000_000) }),
  ).rejects.toMatchObject({ kind: 'too-large' });
  expect(readdirSync(receivePlaces(world.state).directory)).not.toContain('laptop-1');
  peer.close();
});

test('while a batch is applied its source is told to wait, and others are served', async () => {
  await using world = await ReceiverWorld.start();
  const [going, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  world.replica.meanwhile = async () => {
    going.resolve();
    await go.promise;
  };
  const [first, second] = [peerOf(world), peerOf(world)];
  const sent = first.send(whole(batchFile(3)));
  await going.promise;
  await expect(second.send(whole(batchFile(3)))).rejects.toMatchObject({ kind: 'busy', retryAfterMs: 2000 });
  expect(await second.state()).toMatchObject({ replica: 'tt' });
  go.resolve();
  expect(await sent).toMatchObject({ result: { batchNo: 1 } });
  first.close();
  second.close();
});

test('to stop finishes the batch that is being applied', async () => {
  const world = await ReceiverWorld.start();
  const [going, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  world.replica.meanwhile = async () => {
    going.resolve();
    await go.promise;
  };
  const peer = peerOf(world);
  const sent = peer.send(whole(batchFile(3)));
  await going.promise;
  const stopped = world[Symbol.asyncDispose]();
  expect(world.replica.closed).toBe(false);
  go.resolve();
  expect(await sent).toMatchObject({ result: { batchNo: 1 } });
  await stopped;
  expect(world.replica.closed).toBe(true);
  peer.close();
});

describe('keys', () => {
  test('that are added or revoked hold with the next request, and are kept as hashes alone', async () => {
    await using world = await ReceiverWorld.start();
    const peer = peerOf(world);
    await peer.state();
    const { keys } = receivePlaces(world.state);
    const [known] = readKeys(keys);
    expect(readFileSync(keys, 'utf8')).not.toContain(world.key);
    await writeKeys(keys, [{ ...(known as NonNullable<typeof known>), revokedAt: '2026-11-20T02:05:13Z' }]);
    await expect(peer.state()).rejects.toMatchObject({ kind: 'denied' });
    await expect(peer.send(whole(batchFile(3)))).rejects.toMatchObject({ kind: 'denied' });
    await world.addKey('laptop-1', `hfd_${'n'.repeat(40)}`);
    const renewed = peerOf(world, `hfd_${'n'.repeat(40)}`);
    await renewed.state();
    peer.close();
    renewed.close();
  });

  test('of a source that feeds nothing here is refused', async () => {
    await using world = await ReceiverWorld.start();
    await world.addKey('laptop-2', `hfd_${'n'.repeat(40)}`);
    const peer = peerOf(world, `hfd_${'n'.repeat(40)}`);
    await expect(peer.state()).rejects.toMatchObject({ kind: 'denied' });
    await expect(peer.send(whole(batchFile(3)))).rejects.toMatchObject({ kind: 'denied' });
    peer.close();
  });

  test('that cannot be read let nobody in, and that is told as such', async () => {
    await using world = await ReceiverWorld.start();
    writeFileSync(receivePlaces(world.state).keys, '{');
    const peer = peerOf(world);
    await expect(peer.state()).rejects.toMatchObject({ kind: 'busy' });
    expect(world.log.lines.some(({ message }) => message.includes('cannot read the keys of sources'))).toBe(
      true,
    );
    peer.close();
  });
});

test('every question has an answer that its other side understands', async () => {
  await using world = await ReceiverWorld.start();
  const peer = peerOf(world);
  expect(await peer.unconfirmed()).toEqual([]);
  expect(await peer.offer([])).toMatchObject({ refused: [] });
  await peer.takeOver({ instance: '2'.repeat(32), lineage: undefined });
  expect(await peer.digest([{ table: 'VISIT' }])).toHaveLength(1);
  expect(await peer.days('VISIT')).toEqual([]);
  expect(await peer.keys({ table: 'VISIT', day: null }, 10)).toEqual([]);
  expect(await peer.held({ limit: 10, day: '2026-11-20' })).toEqual([]);
  expect(await peer.frozenDays()).toEqual([]);
  expect(await peer.corrections(0, 10)).toEqual([]);
  expect(world.replica.calls).toEqual(['takeover laptop-1']);
  peer.close();
});

test('the status counts what was taken and what was not', async () => {
  await using world = await ReceiverWorld.start();
  const peer = peerOf(world);
  await peer.send(whole(batchFile(3)));
  await peer.send(whole(Buffer.from('hello\n'), 2)).catch(() => undefined);
  const response = await world.fetch('/delta/v1/status');
  expect(await response.json()).toMatchObject({
    running: true,
    interval: null,
    last_sync_time: '2026-11-20T02:05:13.000Z',
    total_syncs: 2,
    successful_syncs: 1,
    failed_syncs: 1,
    total_records_synced: 3,
    lag: 0,
    quarantined: 0,
    replicas: [{ replica: 'tt', sources: [{ source: 'laptop-1', batch_no: 1, failed: 1 }] }],
  });
  peer.close();
});

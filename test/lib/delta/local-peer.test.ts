import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { formatHeader } from '../../../lib/delta/batch-header.ts';
import { lineCodec } from '../../../lib/delta/batch-lines.ts';
import type { BatchHeader } from '../../../lib/delta/batch.ts';
import type { Change } from '../../../lib/delta/change.ts';
import type { ReplicaPolicy } from '../../../lib/delta/policy.ts';
import { endOfBlocks, makeBlock } from '../../../lib/files/block-file.ts';
import type { Replica } from '../../../lib/replica/replica.ts';
import { localPeer } from '../../support/local-peer.ts';

const column = { name: 'id', declared: 'INTEGER', notNull: true };
const header: BatchHeader = {
  source: 'laptop-1',
  instance: 'a'.repeat(32),
  lineage: `1-${'b'.repeat(16)}-${'c'.repeat(16)}`,
  heldLineage: undefined,
  epoch: 'd'.repeat(32),
  replaces: undefined,
  batchNo: 1,
  heldNonce: undefined,
  toSeq: 2,
  takenAt: '2026-11-28T05:00:00.000Z',
  tables: [{ name: 'VISIT', columns: [column], key: ['id'], identity: 'primary' }],
  range: undefined,
  resyncing: false,
};

it('hands a batch to its replica once its last piece is there', async () => {
  const changes: Change[] = [
    { kind: 'tombstone', table: 0, key: [1n] },
    { kind: 'upsert', table: 0, cells: [2n] },
  ];
  const codec = lineCodec(header.tables);
  const lines = changes.map((change) => `${codec.format(change)}\n`).join('');
  const bytes = Buffer.concat([Buffer.from(formatHeader(header)), makeBlock(lines, 3), endOfBlocks]);
  const taken: Change[] = [];
  const result = { batchNo: 1, nonce: 'e'.repeat(32), refusedTables: [], anomalies: 0, held: {} };
  const replica = {
    apply: async (batch: Parameters<Replica['apply']>[0]) => {
      expect(batch.header).toEqual(header);
      for await (const some of batch.changes) taken.push(...some);
      return { ...result, applied: { upserts: 1, deletes: 1, unchanged: 0 } };
    },
  } as unknown as Replica;
  const peer = localPeer(() => Promise.resolve(replica), 'laptop-1', {} as ReplicaPolicy);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const piece = { epoch: header.epoch, batchNo: 1, sizeBytes: bytes.length, sha256 };
  expect(await peer.send({ ...piece, offset: 0, bytes: bytes.subarray(0, 50) })).toEqual({ received: 50 });
  expect(await peer.send({ ...piece, offset: 80, bytes: bytes.subarray(80) })).toEqual({ received: 50 });
  const last = await peer.send({ ...piece, offset: 50, bytes: bytes.subarray(50) });
  expect(last).toMatchObject({ result: { nonce: result.nonce } });
  expect(taken).toEqual(changes);
  expect(peer.calls.get('send')).toBe(3);
});

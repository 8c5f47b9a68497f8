// A peer in this process: a replica behind it by direct calls, with the policy that a receiver would have. Messages and
// batches are the real ones; what is missing is the network, and whatever goes wrong there.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { headerBytesMax, parseHeader } from '../../lib/delta/batch-header.ts';
import { lineCodec } from '../../lib/delta/batch-lines.ts';
import type { BatchResult } from '../../lib/delta/batch.ts';
import { dayRuleOf } from '../../lib/delta/day.ts';
import type { BatchPiece, Peer, PeerState } from '../../lib/delta/peer.ts';
import type { ReplicaPolicy } from '../../lib/delta/policy.ts';
import { readBlocks, readFirstLine } from '../../lib/files/block-file.ts';
import type { Replica } from '../../lib/replica/replica.ts';

/** What a receiver has said of itself, or was told, for a test to look at. */
export interface LocalPeer extends Peer {
  /** How often each of its functions was called. */
  readonly calls: Map<string, number>;
}

/** As `source` sees the replica. `replica` is asked for each time, so that a test can put another one in its place. */
export function localPeer(replica: () => Promise<Replica>, source: string, policy: ReplicaPolicy): LocalPeer {
  let staged: { piece: BatchPiece; bytes: Buffer } | undefined;
  const calls = new Map<string, number>();
  const ask = async <T>(name: string, work: (replica: Replica) => Promise<T>): Promise<T> => {
    calls.set(name, (calls.get(name) ?? 0) + 1);
    return work(await replica());
  };
  return {
    calls,
    state: () =>
      ask('state', async (there) => ({
        state: await there.state(source),
        staged: staged && { ...staged.piece, bytes: staged.bytes.length },
        dayRules: await dayRulesOf(there, policy),
        deletions: deletionsOf(policy),
        replica: 'tagtracker',
        version: '0.0.0',
      })),
    unconfirmed: () => ask('unconfirmed', (there) => there.unconfirmed(source)),
    offer: (shapes) => ask('offer', (there) => there.offer(source, shapes)),
    send: (piece) =>
      ask('send', async (there) => {
        const before = staged?.piece.sha256 === piece.sha256 ? staged.bytes : Buffer.alloc(0);
        if (piece.offset > before.length) return { received: before.length };
        const bytes = Buffer.concat([before.subarray(0, piece.offset), piece.bytes]);
        staged = bytes.length < piece.sizeBytes ? { piece, bytes } : undefined;
        return staged === undefined ? { result: await applyFile(there, bytes) } : { received: bytes.length };
      }),
    takeOver: (sender) => ask('takeOver', (there) => there.takeOver(source, sender)),
    digest: (queries) => ask('digest', (there) => there.digest(queries)),
    days: (table) => ask('days', (there) => there.days(table)),
    keys: (query, limit) => ask('keys', (there) => there.keys(query, limit)),
    held: (query) => ask('held', (there) => there.held({ ...query, source })),
    frozenDays: () => ask('frozenDays', async (there) => (await there.frozenDays()).map(({ day }) => day)),
    corrections: (since, limit) => ask('corrections', (there) => there.corrections(since, limit)),
    close: () => undefined,
  };
}

async function dayRulesOf(replica: Replica, policy: ReplicaPolicy): Promise<PeerState['dayRules']> {
  const tables = await replica.tables();
  const rules = tables.map((table) => [table, dayRuleOf(policy, table)] as const);
  return Object.fromEntries(rules.flatMap(([table, rule]) => (rule === undefined ? [] : [[table, rule]])));
}

function deletionsOf({ tables, otherTables }: ReplicaPolicy): PeerState['deletions'] {
  const named = Object.entries(tables).map(([table, { deletions }]) => [table, deletions] as const);
  return Object.fromEntries([...named, ['*', otherTables.deletions]]);
}

/** Takes in the bytes of a batch's file, as a receiver does once they are whole. */
async function applyFile(replica: Replica, bytes: Uint8Array): Promise<BatchResult> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-test-batch-'));
  try {
    const path = join(directory, 'batch');
    writeFileSync(path, bytes);
    const { line, end } = await readFirstLine(path, headerBytesMax);
    const header = parseHeader(line);
    const codec = lineCodec(header.tables);
    const changes = async function* () {
      for await (const text of readBlocks(path, end))
        yield text
          .split('\n')
          .filter((each) => each !== '')
          .map((each) => codec.parse(each));
    };
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return await replica.apply({ header, sha256, changes: changes() });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

// Two hundred sources that push at once over TLS from one address, as behind one router, and sixty more while those are
// still connected: all are served, by a replica in a file and by one in PostgreSQL.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import '../../support/in-memory.ts';
import type { ReceiveConfig } from '../../../lib/config/delta-config.ts';
import { makeLink } from '../../../lib/delta/lineage.ts';
import type { ReplicaPolicy } from '../../../lib/delta/policy.ts';
import { makeCertificate, type OwnCertificate } from '../../../lib/http/certificate.ts';
import type { Replica } from '../../../lib/replica/replica.ts';
import { openSqliteReplica } from '../../../lib/replica/sqlite/open.ts';
import { openInPostgres, postgresForReplicas } from '../../contract/postgres-world.ts';
import { fixedClock } from '../../support/fixed-clock.ts';
import { postgresPrograms } from '../../support/postgres.ts';
import { batchFile, epoch, ReceiverWorld, sha256Of, table } from '../../support/receiver-world.ts';
import { scratch } from '../../support/scratch.ts';
import { realPeer } from '../../support/real-peer.ts';

const replicas = [
  {
    kind: 'a file',
    isHere: true,
    open: (policy: ReplicaPolicy): Promise<Replica> =>
      openSqliteReplica({ path: join(scratch(), 'replica.db'), policy, clock: fixedClock() }),
  },
  {
    kind: 'PostgreSQL',
    isHere: postgresPrograms() !== undefined,
    async open(policy: ReplicaPolicy): Promise<Replica> {
      const server = await postgresForReplicas();
      onTestFinished(() => server[Symbol.asyncDispose]());
      return (await openInPostgres(server, policy)).replica;
    },
  },
];

/** More than there may be connections of strangers from one address: who has shown a key is none. */
const names = Array.from({ length: 260 }, (_, index) => `laptop-${index}`);

for (const { kind, isHere, open } of replicas)
  test.skipIf(!isHere)(`all are served, and their rows are in ${kind}`, { timeout: 120_000 }, async () => {
    const certificate = await makeCertificate(['127.0.0.1'], new Date());
    let replica: Replica | undefined;
    await using world = await ReceiverWorld.start(
      { tls: written(certificate) },
      { sources: names, open: async (policy) => (replica ??= await open(policy)) },
    );
    const keys = await world.addKeys(names);
    const peers = names.map((_, index) => peerOf(world, keys[index] ?? '', certificate));
    const push = (first: number, count: number, batchNo: number) =>
      Promise.all(peers.slice(first, first + count).map((peer, at) => pushOf(peer, first + at, batchNo)));
    const batches = [...(await push(0, 200, 1)), ...(await push(200, 60, 1)), ...(await push(0, 40, 2))];
    expect(batches.map(({ applied, batchNo }) => [batchNo, applied.upserts])).toEqual([
      ...names.map(() => [1, 2]),
      ...names.slice(0, 40).map(() => [2, 2]),
    ]);
    expect((await replica?.status())?.tables).toMatchObject([{ table: 'VISIT', rows: 600, state: 'live' }]);
    expect(world.log.lines.filter(({ level }) => level !== 'info')).toEqual([]);
    for (const peer of peers) peer.close();
  });

/** What a cycle asks. */
async function pushOf(peer: ReturnType<typeof peerOf>, source: number, batchNo: number) {
  const { state } = await peer.state();
  expect(state.batchNo).toBe(batchNo - 1);
  expect(await peer.offer([table])).toMatchObject({ refused: [] });
  const ids = [0, 1].map((row) => BigInt(source * 10 + batchNo * 2 + row));
  const file = batchFile(
    ids.map((id) => ({ kind: 'upsert', table: 0, cells: [id, `of ${source}`] })),
    {
      ...{ source: names[source] ?? '', batchNo, heldNonce: state.nonce },
      ...{ heldLineage: state.lineage, lineage: makeLink('secret', batchNo, 'a'.repeat(16)) },
    },
  );
  const sent = await peer.send({
    ...{ epoch, batchNo, offset: 0, sizeBytes: file.length, sha256: sha256Of(file), bytes: file },
  });
  if (!('result' in sent)) throw new Error('the batch was not whole');
  return sent.result;
}

function peerOf(world: ReceiverWorld, key: string, { fingerprint }: OwnCertificate) {
  return realPeer({ to: world.url, key, pin: fingerprint, timeoutMs: 60_000 });
}

function written({ certificate, privateKey }: OwnCertificate): ReceiveConfig['tls'] {
  const [path, key] = ['certificate.pem', 'key.pem'].map((name) => join(scratch(), name)) as [string, string];
  writeFileSync(path, certificate);
  writeFileSync(key, privateKey, { mode: 0o600 });
  return { certificate: path, key, keyPath: () => key };
}

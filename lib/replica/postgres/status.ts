// How a replica stands, in numbers.
import type { HeldReason } from '../../delta/batch.ts';
import { columnsKept } from '../../delta/mirror-shape.ts';
import type { ReplicaStatus } from '../replica.ts';
import { allSources } from './sources.ts';
import type { Looking } from './transaction.ts';

export async function replicaStatus({ session, tables }: Looking): Promise<ReplicaStatus> {
  const ofTables: ReplicaStatus['tables'][number][] = [];
  for (const { name, made, shape, waiting } of tables.all) {
    const mirror = tables.mirror(name);
    const count = mirror && (await session.run(`select count(*) from ${mirror.table}`)).rows[0]?.[0];
    ofTables.push({
      table: name,
      rows: Number(count ?? 0),
      state: waiting === undefined ? 'live' : 'unapproved',
      columnsKept: columnsKept(shape, made),
    });
  }
  const { rows: held } = await session.run(
    'select reason, count(*) from _holdfast_held group by reason order by reason',
  );
  const sources = await allSources(session);
  return {
    tables: ofTables,
    held: Object.fromEntries(held.map(([reason, count]) => [reason as HeldReason, Number(count)])),
    sources: sources.map(({ state, lastBatchAt, lastTakenAt, isResyncing, batches, rows }) => ({
      ...state,
      ...{ lastBatchAt, lastTakenAt, isResyncing, batches, rows },
    })),
  };
}

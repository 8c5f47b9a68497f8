// How a replica stands, in numbers.
import type { HeldReason } from '../../delta/batch.ts';
import { columnsKept } from '../../delta/mirror-shape.ts';
import { heldGroupsMax, type ReplicaStanding, type ReplicaStatus } from '../replica.ts';
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
  return {
    tables: ofTables,
    held: Object.fromEntries(held.map(([reason, count]) => [reason as HeldReason, Number(count)])),
    sources: await sourcesOf(session),
  };
}

export async function replicaStanding({ session }: Looking): Promise<ReplicaStanding> {
  const { rows } = await session.run(
    `select s.name, h.table_name, h.reason, h.day, count(*), min(h.first_seen), max(h.last_seen)
     from _holdfast_held h join _holdfast_source s on s.id = h.source
     group by s.name, h.table_name, h.reason, h.day order by count(*) desc limit ${heldGroupsMax}`,
  );
  return {
    held: rows.map(([source, table, reason, day, changes, firstSeen, lastSeen]) => ({
      source: String(source),
      table: String(table),
      reason: reason as HeldReason,
      day: day ?? undefined,
      changes: Number(changes),
      firstSeen: String(firstSeen),
      lastSeen: String(lastSeen),
    })),
    sources: await sourcesOf(session),
  };
}

async function sourcesOf(session: Looking['session']): Promise<ReplicaStatus['sources']> {
  const sources = await allSources(session);
  return sources.map(({ state, lastBatchAt, lastTakenAt, isResyncing, batches, rows }) => ({
    ...state,
    ...{ lastBatchAt, lastTakenAt, isResyncing, batches, rows },
  }));
}

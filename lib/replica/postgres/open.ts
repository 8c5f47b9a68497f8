// A replica in a schema of a PostgreSQL database: written by one connection in turn, read by another, which sees what is committed.
import type { Clock } from '../../base/clock.ts';
import { keptOf } from '../../delta/mirror-shape.ts';
import type { ReplicaPolicy } from '../../delta/policy.ts';
import type { PostgresTarget } from '../../health/postgres-target.ts';
import { PostgresWriter } from '../../postgres/writer.ts';
import type { Replica } from '../replica.ts';
import { applyBatch } from './apply.ts';
import { openBookkeeping } from './bookkeeping.ts';
import { digestsOf, keysOf, rowsOfDays } from './bucket-rows.ts';
import { correctionsSince, correctRows } from './corrections.ts';
import { freezeDay, listFrozen, reopenDay } from './frozen.ts';
import { discardHeld, findHeld } from './remembered.ts';
import { takeHeld } from './release.ts';
import { findSource, takeSource, unconfirmedOf, unknownState } from './sources.ts';
import { replicaStanding, replicaStatus } from './status.ts';
import { look, type Looking, write, type Writers, type Writing } from './transaction.ts';

export interface PostgresReplicaOptions {
  readonly target: PostgresTarget;
  /** Where its tables are: one for each replica, which nothing else uses. */
  readonly schema: string;
  readonly policy: ReplicaPolicy;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Opens the replica, or makes it where nothing is. Throws OpsError: `unavailable`, `denied`, `missing` for a server or
 * database that cannot be reached, and `refused` for one that is none for a replica, or of another version of Holdfast.
 */
export async function openPostgresReplica(options: PostgresReplicaOptions): Promise<Replica> {
  const { target, schema, policy, clock, signal } = options;
  const writer = new PostgresWriter({ target, schema, signal });
  const reader = new PostgresWriter({ target, schema, signal });
  const writers: Writers = { writer, schema, policy, clock };
  const readers: Writers = { ...writers, writer: reader };
  const change = <T>(act: string, work: (writing: Writing) => Promise<T>) => write(writers, act, work);
  const read = <T>(act: string, work: (looking: Looking) => Promise<T>) => look(readers, act, work);
  try {
    await writer.write(`open the replica in the schema ${schema}`, (session) =>
      openBookkeeping(session, schema, clock.now().toISOString()),
    );
    // Who only looks waits for nobody.
    const lacksGuards = await look(writers, 'look at its guards', ({ tables }) => tables.lacksGuards());
    if (lacksGuards) await change('guard its tables', ({ tables }) => tables.guard());
  } catch (error) {
    await writer.close();
    throw error;
  }
  return {
    state: (source) =>
      read(`say where ${source} stands`, async ({ session }) => {
        return (await findSource(session, source))?.state ?? unknownState(source);
      }),
    unconfirmed: (source) =>
      read(`say what ${source} may not know`, async ({ session }) => {
        const found = await findSource(session, source);
        return found === undefined ? [] : unconfirmedOf(session, found);
      }),
    apply: (batch) =>
      change(`take in a batch of ${batch.header.source}`, (writing) => applyBatch(writing, batch)),
    takeOver: (source, sender) =>
      change(`hand over ${source}`, (writing) => takeOver(writing, source, sender)),
    offer: (source, shapes) =>
      change(`take the tables of ${source}`, async ({ tables }) => ({
        refused: [...(await tables.take(shapes))],
        kept: keptOf(shapes, (table) => tables.find(table)?.made),
      })),
    approve: (table) => change('approve of tables', ({ tables }) => tables.approve(table)),
    freeze: (day, why) => change(`freeze ${day}`, (writing) => freezeDay(writing, day, why)),
    reopen: (day, why) => change(`reopen ${day}`, (writing) => reopenDay(writing, day, why)),
    frozenDays: () => read('list frozen days', ({ session }) => listFrozen(session)),
    held: (query) =>
      read('list what is held', async ({ session }) =>
        (await findHeld(session, query)).map(({ change }) => change),
      ),
    release: (query) => change('release what is held', (writing) => takeHeld(writing, query, true)),
    discard: (query) => change('discard what is held', ({ session }) => discardHeld(session, query)),
    digest: (queries) => read('digest rows', (looking) => digestsOf(looking, queries)),
    days: (table) => read(`count the days of ${table}`, (looking) => rowsOfDays(looking, table)),
    keys: (query, limit) =>
      read(`list the keys of ${query.table}`, (looking) => keysOf(looking, query, limit)),
    correct: (sql, why) =>
      write(writers, 'correct rows', (writing) => correctRows(writing, sql, why), 'correct'),
    corrections: (since, limit) =>
      read('list corrections', (looking) => correctionsSince(looking, since, limit)),
    tables: () =>
      read('name its tables', ({ tables }) => Promise.resolve(tables.all.map(({ name }) => name))),
    standing: () => read('say what is held', replicaStanding),
    status: () => read('say how it stands', replicaStatus),
    close: async () => {
      await Promise.all([writer.close(), reader.close()]);
    },
  };
}

/** Its next batch begins an epoch: with no nonce that it could hold, none can go on. */
async function takeOver(
  { session }: Writing,
  source: string,
  { instance, lineage }: { instance: string; lineage: string | undefined },
): Promise<void> {
  const { id } = await takeSource(session, source);
  await session.run(
    'update _holdfast_source set instance = $2, lineage = $3, nonce = null, confirmed_nonce = null where id = $1',
    [String(id), instance, lineage ?? null],
  );
}

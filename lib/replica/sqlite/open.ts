// A replica in a SQLite file: written by one connection in turn, read by another, which sees what is committed.
import type { Clock } from '../../base/clock.ts';
import { OpsError } from '../../base/errors.ts';
import { isSameName } from '../../delta/day.ts';
import { keptOf } from '../../delta/mirror-shape.ts';
import type { ReplicaPolicy } from '../../delta/policy.ts';
import { sqliteError } from '../../sqlite/errors.ts';
import type { Database } from '../../sqlite/open.ts';
import type { Replica } from '../replica.ts';
import { oneAtATime } from '../turns.ts';
import { applyBatch } from './apply.ts';
import { correctionsSince, correctRows } from './corrections.ts';
import { openReplicaFile } from './database-file.ts';
import { daysOf, digestsOf, keysOf } from './digests.ts';
import { freezeDay, listFrozen, reopenDay } from './frozen.ts';
import { dropGuards, putGuards } from './guards.ts';
import { discardHeld, listHeld } from './held-rows.ts';
import { findSource, readUnconfirmed, requireSource, stateOf } from './ledger.ts';
import { takeHeld } from './release.ts';
import { takeShapes } from './offers.ts';
import { approveShape, knownShape, knownShapes } from './shapes.ts';
import { replicaStanding, replicaStatus, RowCounts } from './status.ts';
import { write, type Writing } from './transaction.ts';

/**
 * Opens the replica, or makes it where nothing is. Throws OpsError `refused` for a file that is none, or one of a newer
 * Holdfast: neither is touched.
 */
export async function openSqliteReplica({
  path,
  policy,
  clock,
}: {
  path: string;
  policy: ReplicaPolicy;
  clock: Clock;
}): Promise<Replica> {
  const file = await openReplicaFile(path);
  const turns = oneAtATime();
  const counts = new RowCounts(file.reader);
  const change = <T>(work: (writing: Writing) => Promise<T> | T) =>
    write({ file, policy, clock, turns }, 'write to the replica', work);
  const read = async <T>(work: (database: Database) => T | Promise<T>): Promise<T> => {
    try {
      return await work(file.reader);
    } catch (error) {
      throw sqliteError(`read the replica ${path}`, error);
    }
  };
  return {
    state: (source) => read((database) => stateOf(source, findSource(database, source))),
    unconfirmed: (source) =>
      read((database) => {
        const found = findSource(database, source);
        return found === undefined ? [] : readUnconfirmed(database, found.id);
      }),
    apply: (batch) => change((writing) => applyBatch(writing, batch)),
    takeOver: (source, sender) => change((writing) => takeOver(writing, source, sender)),
    offer: (_, shapes) =>
      change(({ database }) => {
        const taken = takeShapes(database, policy, shapes);
        return {
          refused: shapes.filter((_shape, index) => !taken[index]).map(({ name }) => name),
          kept: keptOf(shapes, (table) => knownShape(database, table)),
        };
      }),
    approve: (table) =>
      change(({ database }) => {
        const waiting = knownShapes(database).filter(
          (known) => known.waiting !== undefined && (table === undefined || isSameName(known.table, table)),
        );
        dropGuards(database);
        for (const known of waiting) approveShape(database, known);
        putGuards(database, policy);
        return waiting.map((known) => known.table);
      }),
    freeze: (day, why) => change((writing) => freezeDay(writing, day, why)),
    reopen: (day, why) => change((writing) => reopenDay(writing, day, why)),
    frozenDays: () => read(listFrozen),
    held: (query = {}) => read((database) => listHeld(database, query)),
    release: (query) => change((writing) => takeHeld(writing, query, true)),
    discard: (query) => change(({ database }) => discardHeld(database, query)),
    digest: (queries) => read(() => digestsOf(path, policy, queries)),
    days: (table) => read((database) => daysOf(database, policy, table)),
    keys: (query, limit) => read(() => keysOf(path, policy, query, limit)),
    correct: (sql, why) => change((writing) => correctRows(writing, sql, why)),
    corrections: (since, limit) => read((database) => correctionsSince(database, since, limit)),
    tables: () => read((database) => knownShapes(database).map(({ table }) => table)),
    standing: () => read(replicaStanding),
    status: () => read((database) => replicaStatus(database, counts)),
    close: () =>
      turns.take(() => {
        file.reader.close();
        closeWriter(file.writer, path);
      }),
  };
}

/** One that wrote nothing would leave the empty log behind. Whoever may only read cannot help that. */
function closeWriter(writer: Database, path: string): void {
  try {
    writer.pragma('wal_checkpoint');
  } catch (error) {
    const told = sqliteError(`close the replica ${path}`, error);
    if (!(told instanceof OpsError) || told.kind !== 'denied') throw told;
  } finally {
    writer.close();
  }
}

/** Its next batch begins an epoch: with no nonce that it could hold, none can go on. */
function takeOver(
  { database }: Writing,
  source: string,
  { instance, lineage }: { instance: string; lineage: string | undefined },
): void {
  const { id } = requireSource(database, source);
  database
    .prepare(
      'UPDATE _holdfast_source SET instance = ?, lineage = ?, nonce = NULL, confirmed_nonce = NULL WHERE id = ?',
    )
    .run(instance, lineage ?? null, id);
}

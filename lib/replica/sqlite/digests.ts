// What the rows of buckets amount to: one pass over a table for all that are asked of it, in one snapshot, and between many
// rows others get their turn.
import { dayRuleOf } from '../../delta/day.ts';
import { emptyDigest } from '../../delta/digest.ts';
import type { BucketQuery, Digest } from '../../delta/peer.ts';
import type { ReplicaPolicy } from '../../delta/policy.ts';
import {
  type DayRows,
  type KeyHash,
  readDays,
  readDigests,
  readKeys,
  type ReadRows,
} from '../../sqlite/delta-rows/read-buckets.ts';
import type { ScannedTable } from '../../sqlite/delta-rows/scanned-table.ts';
import { type Database, openLive } from '../../sqlite/open.ts';
import { findSource } from './ledger.ts';
import { knownShape } from './shapes.ts';

const rowsPerTurn = 2000;

/** In the order of the queries. */
export async function digestsOf(
  path: string,
  policy: ReplicaPolicy,
  queries: readonly BucketQuery[],
): Promise<Digest[]> {
  const digests = queries.map(() => emptyDigest);
  const groups = Map.groupBy(queries.keys(), (index) => groupOf(queries[index]));
  await inSnapshot(path, async (database) => {
    for (const indexes of groups.values()) {
      const asked = indexes.flatMap((index) => queries[index] ?? []);
      const table = scanned(database, policy, asked[0]);
      const found = table === undefined ? [] : await readDigests(table, asked, inTurns);
      indexes.forEach((index, at) => (digests[index] = found[at] ?? emptyDigest));
    }
  });
  return digests;
}

/** Queries of one table and source are answered by one pass. */
function groupOf(query: BucketQuery | undefined): string {
  return JSON.stringify([query?.table.toLowerCase(), query?.source]);
}

/** At most `limit`. */
export async function keysOf(
  path: string,
  policy: ReplicaPolicy,
  query: BucketQuery,
  limit: number,
): Promise<readonly KeyHash[]> {
  let keys: readonly KeyHash[] = [];
  await inSnapshot(path, async (database) => {
    const table = scanned(database, policy, query);
    if (table !== undefined) keys = await readKeys(table, [query], limit, inTurns);
  });
  return keys;
}

/** Of all rows of one day that lie in a table, whosever they are: within a transaction of the caller. */
export async function digestOfDay(
  database: Database,
  policy: ReplicaPolicy,
  table: string,
  day: string,
): Promise<Digest> {
  const found = scanned(database, policy, { table });
  if (found === undefined) return emptyDigest;
  const [digest] = await readDigests({ ...found, where: undefined }, [{ table, day }], inTurns);
  return digest ?? emptyDigest;
}

export function daysOf(database: Database, policy: ReplicaPolicy, table: string): readonly DayRows[] {
  const found = scanned(database, policy, { table });
  return found === undefined ? [] : readDays(found);
}

/** Rows that a source has; undefined for a table that is not mirrored. */
function scanned(
  database: Database,
  policy: ReplicaPolicy,
  query: BucketQuery | undefined,
): ScannedTable | undefined {
  const shape = query && knownShape(database, query.table)?.shape;
  if (shape === undefined) return undefined;
  const source = query?.source;
  const id = source === undefined ? undefined : (findSource(database, source)?.id ?? -1);
  return {
    database,
    shape,
    day: dayRuleOf(policy, shape.name),
    where: id === undefined ? 't._holdfast_source > 0' : `t._holdfast_source = ${id}`,
  };
}

const inTurns: ReadRows = async (scan) => {
  while (scan.step(rowsPerTurn)) await new Promise((resolve) => setImmediate(resolve));
};

/** A connection of its own: what is read meanwhile by others is of their own time. */
async function inSnapshot(path: string, work: (database: Database) => Promise<void>): Promise<void> {
  const database = openLive(path);
  try {
    database.exec('BEGIN');
    await work(database);
  } finally {
    database.close();
  }
}

// What the rows of buckets amount to: one pass over a table for all that are asked of it, in one snapshot, and between many
// rows others get their turn.
import { Buckets, daysOf as daysOfQueries } from '../../delta/buckets.ts';
import type { Cell } from '../../delta/cell.ts';
import { dayOfCell, dayRuleOf } from '../../delta/day.ts';
import { DigestSum, emptyDigest } from '../../delta/digest.ts';
import type { BucketQuery, Digest } from '../../delta/peer.ts';
import type { ReplicaPolicy } from '../../delta/policy.ts';
import { type Database, openLive, quoteIdentifier } from '../../sqlite/open.ts';
import { bucketRows } from './bucket-rows.ts';
import { daySql } from './day-sql.ts';
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
      const found = await digestGroup(database, policy, asked);
      indexes.forEach((index, at) => (digests[index] = found[at] ?? emptyDigest));
    }
  });
  return digests;
}

/** Queries of one table and source are answered by one pass. */
function groupOf(query: BucketQuery | undefined): string {
  return JSON.stringify([query?.table.toLowerCase(), query?.source]);
}

async function digestGroup(
  database: Database,
  policy: ReplicaPolicy,
  queries: readonly BucketQuery[],
): Promise<Digest[]> {
  const buckets = new Buckets(queries);
  const [first] = queries;
  const shape = first && knownShape(database, first.table)?.shape;
  if (shape === undefined) return buckets.digests();
  const hasDays = queries.some(({ day }) => day !== undefined);
  const all = daysOfQueries(queries);
  // With one query about all rows each is read, and its day told where another asks for it.
  const rows = bucketRows(database, policy, shape, { source: first?.source, days: all, tellsDay: hasDays });
  let count = 0;
  for (const row of rows) {
    buckets.add(row);
    count += 1;
    if (count % rowsPerTurn === 0) await anotherTurn();
  }
  return buckets.digests();
}

/** At most `limit`. */
export async function keysOf(path: string, policy: ReplicaPolicy, query: BucketQuery, limit: number) {
  const keys: { key: readonly Cell[]; hash: string }[] = [];
  await inSnapshot(path, async (database) => {
    const shape = knownShape(database, query.table)?.shape;
    if (shape === undefined) return;
    const { source, day, prefix = '' } = query;
    const days = day === undefined ? undefined : new Set([day]);
    let count = 0;
    for (const row of bucketRows(database, policy, shape, { source, days })) {
      if (keys.length >= limit) break;
      if (prefix === '' || row.keyHash().startsWith(prefix)) keys.push({ key: row.key, hash: row.hash });
      count += 1;
      if (count % rowsPerTurn === 0) await anotherTurn();
    }
  });
  return keys;
}

/** Of all rows of one day that lie in a table, whosever they are: within a transaction of the caller. */
export function digestOfDay(database: Database, policy: ReplicaPolicy, table: string, day: string): Digest {
  const sum = new DigestSum();
  const shape = knownShape(database, table)?.shape;
  if (shape === undefined) return emptyDigest;
  for (const { hash } of bucketRows(database, policy, shape, { days: new Set([day]), isWhole: true }))
    sum.add(hash);
  return sum.digest();
}

export function daysOf(
  database: Database,
  policy: ReplicaPolicy,
  table: string,
): { day: string | null; rows: number }[] {
  const shape = knownShape(database, table)?.shape;
  if (shape === undefined || dayRuleOf(policy, table) === undefined) return [];
  const day = daySql(database, policy, shape)?.of('t') ?? 'NULL';
  const rows = database
    .prepare(
      `SELECT ${day} AS day, count(*) AS rows FROM ${quoteIdentifier(shape.name)} AS t
       WHERE _holdfast_source > 0 GROUP BY 1`,
    )
    .all() as { day: Cell; rows: number }[];
  const days = new Map<string | null, number>();
  for (const { day: value, rows: count } of rows) {
    const known = dayOfCell(value) ?? null;
    days.set(known, (days.get(known) ?? 0) + count);
  }
  return [...days]
    .map(([of, count]) => ({ day: of, rows: count }))
    .sort((one, other) => ((one.day ?? '') < (other.day ?? '') ? -1 : 1));
}

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

function anotherTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

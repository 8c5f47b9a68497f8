// Which rows differ between two sides that hold many: buckets are split by the hashes of their keys until few rows are left,
// so that what travels grows with what differs, and not with what is there.
import { splitQuery } from './buckets.ts';
import { rowHashText } from './canonical.ts';
import type { Cell } from './cell.ts';
import { sameDigest } from './digest.ts';
import type { BucketQuery, Digest } from './peer.ts';

/** One of both: the database here, or the receiver. */
export interface ComparedSide {
  digest(queries: readonly BucketQuery[]): Promise<readonly Digest[]>;
  /** Of the rows of all these buckets, at most `limit` of each. */
  keys(
    queries: readonly BucketQuery[],
    limit: number,
  ): Promise<readonly { readonly key: readonly Cell[]; readonly hash: string }[]>;
}

/** A row that is not the same on both sides. */
export interface DifferingRow {
  readonly key: readonly Cell[];
  /** The hash of the row; undefined where there is none. */
  readonly here: string | undefined;
  readonly there: string | undefined;
}

/** A bucket, and what it amounts to on both sides. */
export interface ComparedBucket {
  readonly query: BucketQuery;
  readonly here: Digest;
  readonly there: Digest;
}

export interface ComparisonLimits {
  /** Buckets of no more rows are compared row by row. */
  readonly leafRows: number;
  /** Where more of them differ, their rows are not looked for one by one. */
  readonly leavesMax: number;
}

const usualLimits: ComparisonLimits = { leafRows: 500, leavesMax: 100 };

/** More are not asked for at once. */
const queriesMax = 500;

/** No split goes deeper: rows that are still together then have one key. */
const prefixMax = 12;

/** Asks both sides at once. In the order of the queries. */
export async function compareBuckets(
  queries: readonly BucketQuery[],
  here: ComparedSide,
  there: ComparedSide,
): Promise<ComparedBucket[]> {
  const compared: ComparedBucket[] = [];
  for (let from = 0; from < queries.length; from += queriesMax) {
    const some = queries.slice(from, from + queriesMax);
    const [ours, theirs] = await Promise.all([here.digest(some), there.digest(some)]);
    for (const [index, query] of some.entries()) {
      const [own, other] = [ours[index], theirs[index]];
      if (own === undefined || other === undefined)
        throw new RangeError('a side gave fewer digests than asked for');
      compared.push({ query, here: own, there: other });
    }
  }
  return compared;
}

export function isEqual({ here, there }: ComparedBucket): boolean {
  return sameDigest(here, there);
}

/** The rows of buckets that differ; undefined where they are too many to be named. */
export async function differingRows(
  buckets: readonly ComparedBucket[],
  here: ComparedSide,
  there: ComparedSide,
  { leafRows, leavesMax }: ComparisonLimits = usualLimits,
): Promise<DifferingRow[] | undefined> {
  const leaves: BucketQuery[] = [];
  let level = buckets.filter((bucket) => !isEqual(bucket));
  while (level.length > 0) {
    const large: BucketQuery[] = [];
    for (const bucket of level) {
      const { query } = bucket;
      const isLeaf = rowsOf(bucket) <= leafRows || (query.prefix ?? '').length >= prefixMax;
      (isLeaf ? leaves : large).push(query);
    }
    if (leaves.length + large.length > leavesMax) return undefined;
    const split = await compareBuckets(large.flatMap(splitQuery), here, there);
    level = split.filter((bucket) => !isEqual(bucket));
  }
  if (leaves.length === 0) return [];
  const limit = 4 * leafRows;
  const [ours, theirs] = await Promise.all([here.keys(leaves, limit), there.keys(leaves, limit)]);
  return unequal(ours, theirs);
}

function rowsOf({ here, there }: ComparedBucket): number {
  return Math.max(here.rows, there.rows);
}

type KeyHashes = Awaited<ReturnType<ComparedSide['keys']>>;

function unequal(ours: KeyHashes, theirs: KeyHashes): DifferingRow[] {
  const rest = new Map(theirs.map((row) => [keyId(row.key), row]));
  const found: DifferingRow[] = [];
  for (const { key, hash } of ours) {
    const there = rest.get(keyId(key))?.hash;
    rest.delete(keyId(key));
    if (there !== hash) found.push({ key, here: hash, there });
  }
  for (const { key, hash } of rest.values()) found.push({ key, here: undefined, there: hash });
  return found;
}

/** The same for the same key, and for no other. */
export function keyId(key: readonly Cell[]): string {
  return rowHashText(key);
}

export function idsOf(keys: readonly (readonly Cell[])[]): Set<string> {
  return new Set(keys.map(keyId));
}

// Buckets of rows, filled in one pass over a table however many are asked for: each row goes to those it belongs to.
import { DigestSum } from './digest.ts';
import type { BucketQuery, Digest } from './peer.ts';

/** A row as far as buckets go. */
export interface BucketRow {
  /** Hash of all of its cells: 16 hex digits. */
  readonly hash: string;
  /** Of its key; asked for only where a bucket needs it. */
  keyHash(): string;
  /** Null where it has none. */
  readonly day: string | null;
}

/** The buckets of one table, and of one source where they name one: whoever reads the rows sees to both. */
export class Buckets {
  readonly #sums: readonly DigestSum[];
  /** Those of one day, or of all under undefined. */
  readonly #days = new Map<string | null | undefined, Prefixes>();

  constructor(queries: readonly BucketQuery[]) {
    this.#sums = queries.map(({ day, prefix = '' }) => {
      const prefixes = this.#days.get(day) ?? new Prefixes();
      this.#days.set(day, prefixes);
      return prefixes.sum(prefix);
    });
  }

  add(row: BucketRow): void {
    this.#days.get(row.day)?.add(row);
    this.#days.get(undefined)?.add(row);
  }

  /** In the order of the queries. */
  digests(): Digest[] {
    return this.#sums.map((sum) => sum.digest());
  }
}

/** The buckets of a day, by how their keys' hashes begin. */
class Prefixes {
  readonly #byLength = new Map<number, Map<string, DigestSum>>();

  sum(prefix: string): DigestSum {
    const sums = this.#byLength.get(prefix.length) ?? new Map<string, DigestSum>();
    this.#byLength.set(prefix.length, sums);
    const sum = sums.get(prefix) ?? new DigestSum();
    sums.set(prefix, sum);
    return sum;
  }

  add(row: BucketRow): void {
    for (const [length, sums] of this.#byLength)
      sums.get(length === 0 ? '' : row.keyHash().slice(0, length))?.add(row.hash);
  }
}

/** The days that the queries are about; undefined where one of them is about all. */
export function daysOf(queries: readonly BucketQuery[]): ReadonlySet<string | null> | undefined {
  const days = new Set<string | null>();
  for (const { day } of queries) {
    if (day === undefined) return undefined;
    days.add(day);
  }
  return days;
}

/** The 16 buckets that a bucket falls into, by one more digit of the keys' hashes. */
export function splitQuery(query: BucketQuery): BucketQuery[] {
  return Array.from('0123456789abcdef', (digit) => ({ ...query, prefix: `${query.prefix ?? ''}${digit}` }));
}

// Which buckets of a table are compared, and what is found in them: what both sides amount to, and of what differs each row and
// whether it may.
import {
  compareBuckets,
  type ComparedBucket,
  type ComparedSide,
  differingRows,
  type DifferingRow,
  idsOf,
  isEqual,
  keyId,
} from '../../../lib/delta/comparison.ts';
import type { LiveTable } from '../../../lib/delta/live-rows.ts';
import type { BucketQuery, Peer } from '../../../lib/delta/peer.ts';

/** How much of a table is compared: all of it, one day, or the days on which most happens and those that differ in number. */
export type Extent =
  | { readonly is: 'deep' }
  | { readonly is: 'day'; readonly day: string }
  | { readonly is: 'hot'; readonly days: readonly string[] };

/** A table without days that has more rows is compared in depth alone. */
const quickRowsMax = 50_000;

/** The buckets of a table; undefined where it is too large to be read unless all is. */
export async function bucketsOf(
  table: string,
  { here, peer, hasDays }: { here: LiveTable; peer: Peer; hasDays: boolean },
  extent: Extent,
): Promise<BucketQuery[] | undefined> {
  if (!hasDays) {
    if (extent.is === 'day') return [];
    const rows = (await here.days()).reduce((sum, each) => sum + each.rows, 0);
    return extent.is === 'deep' || rows <= quickRowsMax ? [{ table }] : undefined;
  }
  if (extent.is === 'day') return [{ table, day: extent.day }];
  const counts = new Map<string | null, number>((await here.days()).map(({ day, rows }) => [day, rows]));
  const days = new Set<string | null>(extent.is === 'hot' ? extent.days : counts.keys());
  const seen = new Set<string | null>();
  for (const { day, rows } of await peer.days(table)) {
    seen.add(day);
    if (extent.is === 'deep' || counts.get(day) !== rows) days.add(day);
  }
  for (const day of counts.keys()) if (!seen.has(day)) days.add(day);
  return [...days].map((day) => ({ table, day }));
}

/** A bucket, and the rows that are not the same; undefined where they are too many to be named. */
export interface FoundBucket extends ComparedBucket {
  readonly rows: readonly DifferingRow[] | undefined;
  /** Ids of keys that the receiver has from other sources. */
  readonly ofOthers: ReadonlySet<string>;
}

/** The buckets that are not equal, and how many were. What the receiver has from other sources is left out of it. */
export async function findDifferences(
  queries: readonly BucketQuery[],
  here: LiveTable,
  peer: Peer,
  source: string,
): Promise<{ equal: number; rows: number; found: FoundBucket[] }> {
  const all = remoteSide(peer, undefined);
  const compared = await compareBuckets(queries, here, all);
  const found: FoundBucket[] = [];
  for (const bucket of compared) {
    if (isEqual(bucket)) continue;
    const own = remoteSide(peer, source);
    const [ours = bucket] = await compareBuckets([bucket.query], here, own);
    if (isEqual(ours)) continue;
    const rows = await differingRows([ours], here, own);
    const lacking = rows?.filter(({ there }) => there === undefined) ?? [];
    const hasOthers = lacking.length > 0 && ours.there.rows !== bucket.there.rows;
    const others = hasOthers ? await ofOthers(lacking, bucket, here, all) : { same: none, different: none };
    const left = rows?.filter(({ key }) => !others.same.has(keyId(key)));
    if (left?.length !== 0) found.push({ ...ours, rows: left, ofOthers: others.different });
  }
  const rows = compared.reduce((sum, bucket) => sum + bucket.here.rows, 0);
  return { equal: compared.length - found.length, rows, found };
}

const none: ReadonlySet<string> = new Set();

/** Of rows that the receiver has not from us, those that it has from others: the same, or written later. */
async function ofOthers(
  lacking: readonly DifferingRow[],
  bucket: ComparedBucket,
  here: ComparedSide,
  all: ComparedSide,
): Promise<{ same: ReadonlySet<string>; different: ReadonlySet<string> }> {
  const everywhere = await differingRows([bucket], here, all);
  if (everywhere === undefined) return { same: none, different: none };
  const differing = idsOf(everywhere.map(({ key }) => key));
  const nowhere = idsOf(everywhere.filter(({ there }) => there === undefined).map(({ key }) => key));
  const ids = lacking.map(({ key }) => keyId(key));
  return {
    same: new Set(ids.filter((id) => !differing.has(id))),
    different: new Set(ids.filter((id) => differing.has(id) && !nowhere.has(id))),
  };
}

function remoteSide(peer: Peer, source: string | undefined): ComparedSide {
  const of = (query: BucketQuery) => (source === undefined ? query : { ...query, source });
  return {
    digest: (queries) => peer.digest(queries.map(of)),
    async keys(queries, limit) {
      const found: Awaited<ReturnType<ComparedSide['keys']>>[number][] = [];
      for (const query of queries) found.push(...(await peer.keys(of(query), limit)));
      return found;
    },
  };
}

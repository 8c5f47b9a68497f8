// What the rows of buckets amount to, read from what is stored: a hash kept beside a row would not see it change.
import { Buckets, daysOf } from '../../delta/buckets.ts';
import { rowHashText } from '../../delta/canonical.ts';
import type { Cell } from '../../delta/cell.ts';
import { dayOfCell } from '../../delta/day.ts';
import { DigestSum } from '../../delta/digest.ts';
import type { BucketQuery, Digest } from '../../delta/peer.ts';
import { decode } from './column.ts';
import { type DaySql, daySqlOf } from './day-sql.ts';
import { type Mirror, ownColumns } from './mirror.ts';
import { findSource } from './sources.ts';
import { scan } from './stored-rows.ts';
import type { Looking } from './transaction.ts';

interface BucketRow {
  readonly cells: Cell[];
  readonly day: string | null;
}

/** In the order of the queries. */
export async function digestsOf(looking: Looking, queries: readonly BucketQuery[]): Promise<Digest[]> {
  const digests: Digest[] = [];
  const passes = new Map<string, number[]>();
  for (const [index, { table, source = '' }] of queries.entries()) {
    const pass = `${looking.tables.find(table)?.name ?? ''}\n${source}`;
    passes.set(pass, [...(passes.get(pass) ?? []), index]);
  }
  for (const indexes of passes.values()) {
    const asked = indexes.flatMap((index) => queries[index] ?? []);
    for (const [place, digest] of (await digestsOfTable(looking, asked)).entries())
      digests[indexes[place] ?? -1] = digest;
  }
  return digests;
}

/** One pass: all are of one table, and of one source where they name one. */
async function digestsOfTable(looking: Looking, queries: readonly BucketQuery[]): Promise<Digest[]> {
  const buckets = new Buckets(queries);
  const [first] = queries;
  const mirror = first === undefined ? undefined : looking.tables.mirror(first.table);
  if (first === undefined || mirror === undefined) return buckets.digests();
  for await (const { cells, day } of bucketRows(looking, mirror, {
    source: first.source,
    days: daysOf(queries),
  }))
    buckets.add({ hash: rowHashText(cells), keyHash: () => rowHashText(mirror.keyOf(cells)), day });
  return buckets.digests();
}

/** Of all that lies there of a day, whoever has it. */
export async function wholeDigest(looking: Looking, mirror: Mirror, day: string): Promise<Digest> {
  const sum = new DigestSum();
  for await (const { cells } of bucketRows(looking, mirror, { days: new Set([day]), isWhole: true }))
    sum.add(rowHashText(cells));
  return sum.digest();
}

export async function keysOf(looking: Looking, query: BucketQuery, limit: number) {
  const keys: { key: readonly Cell[]; hash: string }[] = [];
  const mirror = looking.tables.mirror(query.table);
  if (mirror === undefined) return keys;
  const rows = bucketRows(looking, mirror, {
    source: query.source,
    days: query.day === undefined ? undefined : new Set([query.day]),
    isOrdered: true,
  });
  for await (const { cells } of rows) {
    if (keys.length >= limit) break;
    const key = mirror.keyOf(cells);
    if (query.prefix === undefined || rowHashText(key).startsWith(query.prefix))
      keys.push({ key, hash: rowHashText(cells) });
  }
  return keys;
}

/** Rows a day, for tables with one. */
export async function rowsOfDays(looking: Looking, table: string) {
  const mirror = looking.tables.mirror(table);
  const rule = mirror && ruleOf(looking, mirror);
  if (mirror === undefined || rule === undefined) return [];
  const { rows } = await looking.session.run(
    `select ${rule.of('t')}, count(*) from ${mirror.table} t where ${ownColumns.source} > 0 group by 1`,
  );
  const days = new Map<string | null, number>();
  for (const [value = null, count] of rows) {
    const day = dayOfCell(decode(value, rule.kind)) ?? null;
    days.set(day, (days.get(day) ?? 0) + Number(count));
  }
  return [...days]
    .map(([day, count]) => ({ day, rows: count }))
    .sort((one, other) => (one.day ?? '').localeCompare(other.day ?? ''));
}

interface Wanted {
  readonly source?: string | undefined;
  /** Undefined for all. */
  readonly days: ReadonlySet<string | null> | undefined;
  /** Those as well that their source has no more, or never had. */
  readonly isWhole?: boolean;
  readonly isOrdered?: boolean;
}

async function* bucketRows(looking: Looking, mirror: Mirror, wanted: Wanted): AsyncGenerator<BucketRow> {
  const { session } = looking;
  const { source, days, isWhole = false, isOrdered = false } = wanted;
  const rule = ruleOf(looking, mirror);
  if (days !== undefined && rule === undefined && !days.has(null)) return;
  const conditions = [isWhole ? 'true' : `t.${ownColumns.source} > 0`];
  if (source !== undefined)
    conditions.push(`t.${ownColumns.source} = ${(await findSource(session, source))?.id ?? -1}`);
  // Days that are none are told apart here: PostgreSQL has another calendar of errors.
  if (days !== undefined && rule !== undefined && !days.has(null))
    conditions.push(
      rule.isOneOf(
        't',
        [...days].filter((day) => day !== null),
      ),
    );
  const day = rule === undefined ? 'null' : rule.of('t');
  const order = isOrdered ? `order by ${mirror.keyNames('t.')}` : '';
  const sql = `select ${day}, ${mirror.names('t.')} from ${mirror.table} t where ${conditions.join(' and ')} ${order}`;
  for await (const rows of scan(session, sql)) {
    for (const [value = null, ...values] of rows) {
      const found = rule === undefined ? null : (dayOfCell(decode(value, rule.kind)) ?? null);
      if (days === undefined || days.has(found)) yield { cells: mirror.decode(values), day: found };
    }
  }
}

function ruleOf(looking: Looking, mirror: Mirror): DaySql | undefined {
  const made = looking.tables.all.flatMap((table) => table.made ?? []);
  const own = made.find(({ name }) => name === mirror.name);
  return own && daySqlOf(looking, own, made);
}

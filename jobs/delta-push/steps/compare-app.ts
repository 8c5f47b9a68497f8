// An app's rows against what its receiver has of them. What is on its way, held or corrected explains a difference; what
// remains is one.
import { localDateParts } from '../../../lib/base/calendar.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import { formatCount } from '../../../lib/base/format.ts';
import type { Progress } from '../../../lib/base/log.ts';
import type { Capture, CapturedTable, RereadKeys } from '../../../lib/delta/capture.ts';
import type { Cell } from '../../../lib/delta/cell.ts';
import { isSameName, named } from '../../../lib/delta/day.ts';
import {
  correctedKeys,
  type Explanation,
  explain,
  heldKeys,
  waitingKeys,
} from '../../../lib/delta/explained.ts';
import type { LiveRows } from '../../../lib/delta/live-rows.ts';
import type { Correction, Peer, PeerState } from '../../../lib/delta/peer.ts';
import { bucketsOf, type Extent, findDifferences, type FoundBucket } from './compared-buckets.ts';
import { allCorrections } from './all-corrections.ts';

/** One day of a table, or all of one that has none. */
export interface ComparedDay {
  readonly table: string;
  /** Null for rows without one; undefined where all rows were compared. */
  readonly day: string | null | undefined;
  readonly verdict: 'differs' | 'not-comparable';
  readonly here: number;
  readonly there: number;
  /** Rows that differ without an explanation; undefined where they are too many to be named. */
  readonly differing: number | undefined;
  /** Their keys. */
  readonly keys: readonly (readonly Cell[])[];
  readonly explained: Readonly<Partial<Record<Explanation, number>>>;
  /** Why it is not comparable, or what explains a part of it. */
  readonly why: string | undefined;
}

export interface Compared {
  /** Buckets that are equal. */
  readonly equal: number;
  /** Rows here that were compared. */
  readonly rows: number;
  readonly tables: number;
  /** All others. */
  readonly days: readonly ComparedDay[];
  /** What `--repair` is about: keys, and tables of which too many rows differ. */
  readonly reread: readonly RereadKeys[];
  readonly walk: readonly string[];
}

export interface ComparedParts {
  readonly source: string;
  readonly capture: Capture;
  readonly peer: Peer;
  readonly rows: LiveRows;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** More keys that wait are not told apart from differences. */
const pendingMax = 20_000;
const heldMax = 1000;

/** Today and the two days before, as a clock there shows them. */
export function hotDays(now: Date, timeZone: string): string[] {
  const { year, month, day } = localDateParts(now, timeZone);
  return [0, 1, 2].map((back) => new Date(Date.UTC(year, month - 1, day - back)).toISOString().slice(0, 10));
}

export async function compareApp(
  parts: ComparedParts,
  { extent, table: only }: { extent: Extent; table: string | undefined },
): Promise<Compared> {
  const { capture, peer } = parts;
  capture.check();
  const tables = capture
    .tables()
    .filter(
      ({ shape, state }) => state !== 'retired' && (only === undefined || isSameName(shape.name, only)),
    );
  if (tables.length === 0 && only !== undefined)
    throw new OpsError('usage', `cannot compare the table ${only}: none of that name travels`, {
      hint: 'delta-push status lists those that do',
    });
  const state = await peer.state();
  requireSamePoint(capture, state);
  const compared: Compared[] = [];
  parts.progress.start(`${parts.source}: comparing`, tables.length, 'steps');
  for (const table of tables) {
    parts.signal.throwIfAborted();
    const rows = sum(compared.map((one) => one.rows));
    parts.progress.update(compared.length, `${formatCount(rows, 'row')}  ${table.shape.name}`);
    compared.push(await compareTable(parts, table, state, extent));
  }
  parts.progress.end();
  return {
    equal: sum(compared.map(({ equal }) => equal)),
    rows: sum(compared.map(({ rows }) => rows)),
    tables: tables.length,
    days: compared.flatMap(({ days }) => days),
    reread: compared.flatMap(({ reread }) => reread),
    walk: compared.flatMap(({ walk }) => walk),
  };
}

/** Until both have found out where they stand, a difference would say nothing. */
function requireSamePoint(capture: Capture, { state }: PeerState): void {
  const { epoch, nonce } = capture.state();
  if (nonce !== undefined && nonce === state.nonce && epoch === state.epoch) return;
  throw new OpsError('unavailable', 'cannot compare: the receiver does not stand where this database does', {
    hint: 'delta-push run brings both together; then compare',
  });
}

async function compareTable(
  parts: ComparedParts,
  { shape, state: tableState }: CapturedTable,
  state: PeerState,
  extent: Extent,
): Promise<Compared> {
  const { name } = shape;
  const not = (why: string): Compared => ({ ...nothing, days: [{ ...unread, table: name, why }] });
  if (tableState === 'refused') return not('the receiver has not taken what the table is like now');
  if (tableState === 'walk') return not('all its rows are on their way');
  const rule = named(state.dayRules, name);
  const here = parts.rows.table(shape, rule);
  const queries = await bucketsOf(name, { here, peer: parts.peer, hasDays: rule !== undefined }, extent);
  if (queries === undefined) return not('it is large, and its rows have no day: --deep compares them');
  const { equal, rows, found } = await findDifferences(queries, here, parts.peer, parts.source);
  if (found.length === 0) return { ...nothing, equal, rows };
  // Asked when everything was read: what changed meanwhile is among it.
  const pending = parts.capture.pending(pendingMax);
  const since = parts.capture.state().corrections;
  const { ours: corrections } = await allCorrections(parts.peer, since, parts.source);
  const judged = await Promise.all(
    found.map((bucket) => judge(parts.peer, name, bucket, { pending, corrections })),
  );
  const keys = judged.flatMap(({ left }) => left);
  const isUnnamed = judged.some(({ day }) => day.verdict === 'differs' && day.differing === undefined);
  return {
    ...nothing,
    equal,
    rows,
    days: judged.map(({ day }) => day),
    reread: keys.length === 0 || isUnnamed ? [] : [{ table: name, keys }],
    walk: isUnnamed ? [name] : [],
  };
}

interface Known {
  readonly pending: readonly RereadKeys[] | undefined;
  readonly corrections: readonly Correction[];
}

async function judge(
  peer: Peer,
  table: string,
  { query: { day }, here, there, rows, ofOthers }: FoundBucket,
  { pending, corrections }: Known,
): Promise<{ day: ComparedDay; left: (readonly Cell[])[] }> {
  const base = { table, day, here: here.rows, there: there.rows, keys: [], explained: {} };
  const unclear = pending === undefined ? 'too many changes wait to tell which they are' : undefined;
  if (rows === undefined || pending === undefined) {
    const verdict = unclear === undefined ? ('differs' as const) : ('not-comparable' as const);
    return { day: { ...base, verdict, differing: undefined, why: unclear }, left: [] };
  }
  const held = await peer.held({ table, ...(typeof day === 'string' ? { day } : {}), limit: heldMax });
  const { explained, left } = explain(rows, {
    waiting: waitingKeys(pending, table),
    held: heldKeys(held, table),
    corrected: correctedKeys(corrections, table),
    ofOthers,
  });
  if (left.length > 0 && held.length >= heldMax) {
    const why = 'too many changes are held to tell which they are: delta-push held lists them';
    return { day: { ...base, verdict: 'not-comparable', differing: undefined, why }, left: [] };
  }
  const keys = left.map(({ key }) => key);
  const why = Object.entries(explained).map(([reason, count]) => words[reason as Explanation](count));
  return {
    day: {
      ...base,
      verdict: left.length > 0 ? 'differs' : 'not-comparable',
      differing: left.length,
      keys,
      explained,
      why: why.length === 0 ? undefined : why.join(', '),
    },
    left: keys,
  };
}

const words: Record<Explanation, (count: number) => string> = {
  waiting: (count) => `${count} ${count === 1 ? 'change waits' : 'changes wait'}`,
  held: (count) => `${count} ${count === 1 ? 'change is' : 'changes are'} held at the receiver`,
  corrected: (count) => `${count} ${count === 1 ? 'row was' : 'rows were'} corrected by staff`,
  'other-source': (count) =>
    `${count} ${count === 1 ? 'row was' : 'rows were'} written last by another source`,
};

const nothing: Compared = { equal: 0, rows: 0, tables: 0, days: [], reread: [], walk: [] };
const unread = {
  day: undefined,
  verdict: 'not-comparable',
  here: 0,
  there: 0,
  differing: undefined,
  keys: [],
  explained: {},
} as const;

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

// What a server's counters went up by in about the last hour, added up from look to look, whatever became of them in between: what
// was set back is counted from nothing again, never backwards, and however short the time is, what happened once is once an hour.
import type { PostgresLook } from './postgres.ts';

const counted = ['commits', 'rollbacks', 'deadlocks', 'conflicts', 'tempBytes', 'checksumFailures'] as const;

type Counts = Readonly<Record<(typeof counted)[number], number>>;

/** The counters as they stood at a look, by the server's clock. */
interface CounterReading {
  readonly at: number;
  readonly startedAt: number;
  readonly resetAt: number | null;
  readonly counts: Counts;
}

/** What is kept from look to look. */
export interface CounterWindow {
  readonly last: CounterReading;
  /** What had happened by when, counted from the first of them; the first is of about an hour ago. */
  readonly marks: readonly [Mark, ...Mark[]];
  /** The same by now. */
  readonly total: Counts;
}

interface Mark {
  readonly at: number;
  readonly total: Counts;
}

/** What happened, in how long. */
export interface Happened {
  readonly overMs: number;
  readonly counts: Counts;
}

const hourMs = 3_600_000;
/** Nearer to each other there are no marks: nobody needs them, however often is looked. */
const betweenMs = 2 * 60_000;
const nothing = countsBy(() => 0);

/** With one more look. A look of before the last one is by another clock, and begins anew. */
export function withLook(before: CounterWindow | undefined, look: PostgresLook): CounterWindow {
  const now = readingOf(look);
  const { at } = now;
  if (before === undefined || at < before.last.at)
    return { last: now, marks: [{ at, total: nothing }], total: nothing };
  const { last, marks } = before;
  const total = countsBy((name) => before.total[name] + increase(last, now, name));
  const isMarkDue = at - (marks.at(-1)?.at ?? 0) >= betweenMs;
  const [first, ...others] = withoutOld([...marks, ...(isMarkDue ? [{ at, total }] : [])], at - hourMs);
  if (first === undefined) throw new Error('a window without marks');
  const since = (counts: Counts) => countsBy((name) => counts[name] - first.total[name]);
  const rebased = others.map((mark) => ({ at: mark.at, total: since(mark.total) }));
  return { last: now, marks: [{ at: first.at, total: nothing }, ...rebased], total: since(total) };
}

/** Undefined after the first look. */
export function happenedIn({ last, marks: [first], total }: CounterWindow): Happened | undefined {
  const overMs = last.at - first.at;
  return overMs <= 0 ? undefined : { overMs, counts: total };
}

/** How often in an hour; of less than an hour, how often so far. */
export function perHour(count: number, { overMs }: Happened): number {
  return count / Math.max(1, overMs / hourMs);
}

/** Those since `since`, and the one before: what happened since then has to be counted from somewhere. */
function withoutOld(marks: readonly Mark[], since: number): Mark[] {
  const older = marks.filter(({ at }) => at <= since);
  return [...older.slice(-1), ...marks.filter(({ at }) => at > since)];
}

/**
 * Over a restart nothing is counted: what a server has then may be of before, of after a crash, or of another machine that took
 * over. What was set back while it ran has all that it counts from after that.
 */
function increase(from: CounterReading, to: CounterReading, name: (typeof counted)[number]): number {
  if (from.startedAt !== to.startedAt) return 0;
  const isContinued =
    from.resetAt === to.resetAt && counted.every((one) => to.counts[one] >= from.counts[one]);
  return isContinued ? to.counts[name] - from.counts[name] : to.counts[name];
}

function readingOf({ at, startedAt, counters }: PostgresLook): CounterReading {
  const { resetAt = null, commits, rollbacks, deadlocks, conflicts, tempBytes } = counters;
  const { checksumFailures = 0 } = counters;
  return {
    ...{ at, startedAt, resetAt },
    counts: { commits, rollbacks, deadlocks, conflicts, tempBytes, checksumFailures },
  };
}

function countsBy(count: (name: (typeof counted)[number]) => number): Counts {
  return Object.fromEntries(counted.map((name) => [name, count(name)])) as Counts;
}

/** What was kept; what is no such text is as if nothing was. */
export function parseWindow(text: string | undefined): CounterWindow | undefined {
  if (text === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return isWindow(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isWindow(value: unknown): value is CounterWindow {
  if (!isObject(value) || !isObject(value.last) || !Array.isArray(value.marks)) return false;
  const { at, startedAt, resetAt, counts } = value.last;
  const isReading = [at, startedAt, resetAt ?? 0].every(Number.isFinite) && isCounts(counts);
  const areMarks =
    value.marks.length > 0 &&
    value.marks.every((mark) => isObject(mark) && Number.isFinite(mark.at) && isCounts(mark.total));
  return isReading && areMarks && isCounts(value.total);
}

function isCounts(value: unknown): value is Counts {
  return isObject(value) && counted.every((name) => Number.isFinite(value[name]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

// What the next backup in pages is to be: a full, which begins a series, or an increment, and on what. Decided by what the
// store lists and by what this machine knows of its own series; which came after which is the sequence, and never a time.
import { type CatalogueEntry, storedPartOf } from './catalogue.ts';
import { formatByName } from './name.ts';
import { areMost, costTooMuch, isInLaterPeriod, type PagesPolicy } from './pages-policy.ts';
import { type Periods, periodsOf } from './period.ts';
import { type BackupLink, storedId } from './stored-part.ts';

/** A backup of the series whose digests lie here: what has changed since can be told, so an increment can be made on it. */
export interface KnownBase extends BackupLink {
  level: number;
  sequence: number;
  pageSize: number;
  pageCount: number;
}

/** What a machine knows of the series that it goes on with. */
export interface SeriesState {
  series: string;
  full: BackupLink & { takenAt: Date; storedBytes: number };
  /** The one added last, suspect or not. */
  head: BackupLink & { sequence: number };
  /** Of all increments that were ever made in it: what was removed since was sent as well. */
  incrementBytes: number;
  /** Never a suspect one. */
  bases: readonly KnownBase[];
}

export interface PlaceQuestion {
  /** As the store lists them now. */
  entries: readonly CatalogueEntry[];
  state: SeriesState | undefined;
  policy: PagesPolicy;
  now: Date;
  timeZone: string;
  /** Of the database that is to be stored. */
  pageSize: number;
  pageCount: number;
  /** The public keys that it will be sealed for; undefined where it is not. */
  recipients?: readonly string[] | undefined;
  /** How many pages of the database differ from those of that base, or are not in it. */
  changedOf(base: KnownBase): number;
}

export interface FullPlace {
  kind: 'full';
  why: string;
  /** Whether it saves anything to make an increment for now: then the full may wait for its window, where there is one. */
  mayWait: boolean;
  /** The increment that could be made all the same, such as for what shall not begin a series; undefined where none can. */
  instead: IncrementPlace | undefined;
}

export interface IncrementPlace {
  kind: 'increment';
  base: KnownBase;
  level: number;
  sequence: number;
  /** Why a full is due that waits for its window; undefined where none is due. */
  fullDue: string | undefined;
}

/**
 * The place of the next backup. A full where an increment cannot be made, or would cost as much; where a full is due and
 * may wait, it is an increment for those who have a window for fulls, and the full for all others.
 */
export function choosePlace(question: PlaceQuestion): FullPlace | IncrementPlace {
  const { state, policy } = question;
  const series = state === undefined ? firstOf(question) : goOn(state, question);
  if (typeof series === 'string') return { kind: 'full', why: series, mayWait: false, instead: undefined };
  const { increment, pressing, due } = series;
  if (pressing !== undefined) return { kind: 'full', why: pressing, mayWait: false, instead: increment };
  if (due === undefined) return increment;
  if (policy.fullWindow !== undefined) return { ...increment, fullDue: due };
  return { kind: 'full', why: due, mayWait: true, instead: increment };
}

/** Why a full has to be made by a machine that knows of no series. */
function firstOf({ entries }: PlaceQuestion): string {
  return entries.some(({ name, state }) => formatByName(name) === 'pages' && state !== 'unfinished')
    ? 'nothing is known here of the series that the store holds'
    : 'it is the first one in pages';
}

/** The next increment of the series, and what asks for a full instead; or why there cannot be one. */
function goOn(
  state: SeriesState,
  question: PlaceQuestion,
): string | { increment: IncrementPlace; pressing: string | undefined; due: string | undefined } {
  const broken = intrusion(state, question.entries) ?? lossOfFull(state, question.entries);
  if (broken !== undefined) return broken;
  const bases = usableBases(state, question);
  const full = bases.find(({ level }) => level === 0);
  if (full === undefined) return whyNoBase(state, question);
  const base = baseOfNow(full, bases, question);
  const increment: IncrementPlace = {
    kind: 'increment',
    base: base.known,
    level: base.level + 1,
    sequence: state.head.sequence + 1,
    fullDue: undefined,
  };
  const isMost = ({ known }: Base) => areMost(question.changedOf(known), question.pageCount);
  const mostChanged = 'more than half of the pages changed';
  if (isMost(base)) return { increment, pressing: mostChanged, due: undefined };
  const due = isMost(full)
    ? mostChanged
    : (whyOtherKeys(state, question) ?? whyTooDear(state) ?? whyByCalendar(state, question));
  return { increment, pressing: undefined, due };
}

/**
 * Who else writes this series: a backup in it that was added after the last one of ours, or in its place. Two that
 * go on with one series would each take its own for the newest, so this one begins another.
 */
function intrusion({ series, head }: SeriesState, entries: readonly CatalogueEntry[]): string | undefined {
  const other = entries.find((entry) => {
    const stored = storedPartOf(entry);
    if (stored?.pages?.series !== series || stored.pages.sequence < head.sequence) return false;
    return stored.pages.sequence > head.sequence || storedId(stored.objects) !== head.id;
  });
  if (other === undefined) return undefined;
  return `${other.name} goes on with this series, and was not made from here: another machine writes it, or the state of this one was set back`;
}

/** Who was added cannot open the full of the series, and who was removed can: both holds from the next one on. */
function whyOtherKeys(
  { full }: SeriesState,
  { entries, recipients = [] }: PlaceQuestion,
): string | undefined {
  const entry = entries.find(({ name }) => name === full.name);
  const before = (entry && storedPartOf(entry)?.recipients) ?? [];
  const isSame = before.length === recipients.length && recipients.every((key) => before.includes(key));
  return isSame ? undefined : 'the public keys that open it are others from this full on';
}

function lossOfFull({ full }: SeriesState, entries: readonly CatalogueEntry[]): string | undefined {
  const entry = entries.find(({ name }) => name === full.name);
  const called = `the full of the series, ${full.name},`;
  if (entry === undefined || entry.state === 'lost') return `${called} is no longer in the store`;
  const id = idOf(entry);
  if (id !== undefined && id !== full.id) return `${called} is another backup by now`;
  if (canBear(entry)) return undefined;
  return `${called} is ${entry.state} in the store${entry.problem === undefined ? '' : `: ${entry.problem}`}`;
}

function whyNoBase({ full, bases }: SeriesState, { pageSize }: PlaceQuestion): string {
  const known = bases.find(({ name }) => name === full.name);
  return known === undefined || known.pageSize === pageSize
    ? `the digests of the pages of ${full.name} are lost`
    : `the page size changed from ${known.pageSize} to ${pageSize}`;
}

/** A base as both sides know it. */
interface Base {
  known: KnownBase;
  name: string;
  level: number;
  /** The base of it; undefined for the full. */
  on: string | undefined;
  takenAt: Date;
}

/** What an increment can be made on: its digests lie here, and the store has it, as this machine made it. */
function usableBases(
  { series, head, full, bases }: SeriesState,
  { entries, pageSize }: PlaceQuestion,
): Base[] {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  return bases.flatMap((known): Base[] => {
    const entry = byName.get(known.name);
    const pages = entry && storedPartOf(entry)?.pages;
    if (entry === undefined || pages === undefined || !canBear(entry) || idOf(entry) !== known.id) return [];
    const { level, sequence } = pages;
    const isOurs = pages.series === series && level === known.level && sequence === known.sequence;
    const isOfThisFull = level === 0 ? known.name === full.name : pages.full?.id === full.id;
    if (!isOurs || !isOfThisFull || sequence > head.sequence || known.pageSize !== pageSize) return [];
    return [{ known, name: known.name, level, on: pages.base?.name, takenAt: entry.takenAt }];
  });
}

/**
 * The base that days and weeks ask for: an increment that is not of the last level is made once a day, or once a week, and
 * the later ones of that day are based on it. A clock that is wrong costs a larger increment, and nothing else.
 */
function baseOfNow(full: Base, bases: readonly Base[], { policy, now, timeZone }: PlaceQuestion): Base {
  let base = full;
  for (let level = 1; level < policy.levels; level += 1) {
    const period: keyof Periods = policy.levels - level === 1 ? 'daily' : 'weekly';
    const last = lastOf(bases.filter((other) => other.level === level && other.on === base.name));
    if (last === undefined || !isSamePeriod(period, last.takenAt, now, timeZone)) break;
    base = last;
  }
  return base;
}

function lastOf(bases: readonly Base[]): Base | undefined {
  const [first, ...others] = bases;
  return others.reduce((last, base) => {
    return last !== undefined && last.known.sequence > base.known.sequence ? last : base;
  }, first);
}

function isSamePeriod(period: keyof Periods, a: Date, b: Date, timeZone: string): boolean {
  return periodsOf(a, timeZone)[period] === periodsOf(b, timeZone)[period];
}

function whyTooDear({ incrementBytes, full }: SeriesState): string | undefined {
  return costTooMuch(incrementBytes, full.storedBytes)
    ? 'the increments cost more than half of the full'
    : undefined;
}

function whyByCalendar({ full }: SeriesState, { policy, now, timeZone }: PlaceQuestion): string | undefined {
  if (!isInLaterPeriod(now, full, { policy, timeZone })) return undefined;
  return `it is the first of a ${policy.full === 'weekly' ? 'week' : 'month'}`;
}

/** Whether something may be based on it: nothing is on what is suspect, or cannot be restored. */
function canBear({ state }: CatalogueEntry): boolean {
  return state === 'proven' || state === 'future';
}

function idOf(entry: CatalogueEntry): string | undefined {
  const stored = storedPartOf(entry);
  return stored && storedId(stored.objects);
}

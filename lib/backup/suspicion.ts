// Whether a backup looks as if its database had been emptied since those before it, or was at odds with itself (P3).
import { formatBytes, formatCount, groupThousands } from '../base/format.ts';
import { bytesInUse } from '../source/engines.ts';
import { type MeasuredFacts, type TableRows, firstTen, tableLabel } from '../source/facts.ts';
import { type GuardPolicy, lossesOf, type Loss, matches, usualGuard } from './guard-policy.ts';
import { movedRows } from './moved-rows.ts';

/** One reason why a backup is not trusted as a successor. */
export interface Suspicion {
  /** What it is about, by which it is accepted: a table's name, or one of `wholeSubjects`. */
  subject: string;
  /** In a sentence, without a full stop. */
  reason: string;
}

/** What is about no single table. */
export const wholeSubjects = { rows: 'rows', bytes: 'bytes', integrity: 'integrity', fork: 'fork' } as const;

/** In the place of subjects that were accepted: all of them. */
export const anySubject = '*';

/** A backup that was made before. */
export interface Earlier {
  facts: MeasuredFacts;
  findings: readonly string[];
  /** The subjects that were accepted when it was made. */
  accepted: readonly string[];
  /** Nothing in it was suspect. */
  isProven: boolean;
}

/** What a new backup is compared with: by subject, so that one accepted finding does not hide another. */
export interface Next {
  facts: MeasuredFacts;
  findings: readonly string[];
}

/** The policy, with what it says of each table. */
interface Guard {
  lossPercent: number;
  losses: ReadonlyMap<string, Loss>;
}

const rowsWorthComparing = 10;
const tableRowsWorthComparing = 100;
const bytesWorthComparing = 1024 * 1024;
/** A migration moves a few tables; to follow thousands takes minutes. */
const lossesFollowed = 100;

/**
 * What speaks against `next` as the successor of the backups before it. `earlier` is newest first, and reaches back as far as
 * a slow loss is to be seen: a state counts until one in which its subject was accepted, and that one is the last that
 * counts. A database that grows, is tidied up, moves rows from table to table or loses a few is never suspected.
 */
export function suspicions(
  earlier: readonly Earlier[],
  next: Next,
  policy: GuardPolicy = usualGuard,
): Suspicion[] {
  const names = new Set([...earlier, next].flatMap(({ facts }) => facts.tables.map(({ name }) => name)));
  const guard = { lossPercent: policy.lossPercent, losses: lossesOf(policy, names) };
  const newest = earlier.find(({ isProven }) => isProven);
  const found = findingSuspicions(newest, statesOf(earlier, wholeSubjects.integrity), next.findings);
  const bytes = byteSuspicions(statesOf(earlier, wholeSubjects.bytes), next.facts, guard);
  // Where there are no tables to find something in, the finding is that nobody can tell which there are.
  if (next.facts.tables.length === 0 && next.findings.length > 0) return [...found, ...bytes];
  return [
    ...rowSuspicions(statesOf(earlier, wholeSubjects.rows), next.facts, guard),
    ...bytes,
    ...tableSuspicions(earlier, next.facts, guard),
    ...found,
  ];
}

/** How the reason of a fork begins. */
export const forkWords = 'fork: ';

/** A backup, or a database, as far as standbys go: since when it lives on a machine that was one. */
export interface Home {
  promotedAt: Date | undefined;
}

/**
 * What speaks against a database as the successor of the newest backup where a standby was promoted meanwhile: it may be
 * that of the machine from before, on which the app still runs or runs again. One that was promoted after that backup was
 * made is its successor.
 */
export function forkSuspicions(
  newest: (Home & { takenAt: Date; host: string }) | undefined,
  { promotedAt }: Home,
): Suspicion[] {
  if (newest === undefined || newest.promotedAt?.getTime() === promotedAt?.getTime()) return [];
  if (promotedAt !== undefined && promotedAt > newest.takenAt) return [];
  const theirs = newest.promotedAt === undefined ? 'was never promoted' : 'was promoted';
  const since = newest.promotedAt === undefined ? '' : ` on ${newest.promotedAt.toISOString()}`;
  const reason = `${forkWords}the newest backup is from ${newest.host}, which ${theirs}${since}: the app may be live on two machines`;
  return [{ subject: wholeSubjects.fork, reason }];
}

/** The sentences of a manifest and of a report: at most ten, and how many more. */
export function reasonsOf(found: readonly Suspicion[]): string[] {
  return firstTen(found.map(({ reason }) => reason));
}

/** Why `next` looks shrunken against one backup before it; see `suspicions`. */
export function shrinkReasons(previous: MeasuredFacts, next: MeasuredFacts, policy?: GuardPolicy): string[] {
  const earlier = [{ facts: previous, findings: [], accepted: [], isProven: true }];
  return reasonsOf(suspicions(earlier, { facts: next, findings: [] }, policy));
}

/** The states that `subject` is compared with, newest first. */
function statesOf(earlier: readonly Earlier[], subject: string): Earlier[] {
  const isAcceptedIn = ({ accepted }: Earlier) => accepted.includes(subject) || accepted.includes(anySubject);
  const last = earlier.findIndex(isAcceptedIn);
  const since = last === -1 ? earlier : earlier.slice(0, last + 1);
  return since.filter((each) => each.isProven || isAcceptedIn(each));
}

function rowSuspicions(states: readonly Earlier[], next: MeasuredFacts, guard: Guard): Suspicion[] {
  const rows = states.map(({ facts }) => rowsThatMatter(facts, guard));
  const [after, before] = [rowsThatMatter(next, guard), Math.max(0, ...rows)];
  if (after >= (rows[0] ?? 0)) return []; // it fell before, and that was judged then
  if (before < rowsWorthComparing || after > kept(before, guard.lossPercent)) return [];
  const reason = `all tables together have ${formatCount(after, 'row')}, down from ${groupThousands(before)}`;
  return [{ subject: wholeSubjects.rows, reason }];
}

function byteSuspicions(states: readonly Earlier[], next: MeasuredFacts, guard: Guard): Suspicion[] {
  // Of another engine the same rows take more or fewer bytes.
  for (const { facts } of states.filter((state) => state.facts.engine === next.engine)) {
    const [before, after] = bytesOf(facts, next);
    if (facts === states[0]?.facts && after >= before) return []; // as with rows
    if (before < bytesWorthComparing || after > kept(before, guard.lossPercent)) continue;
    if (isExplained(facts, next, guard)) continue;
    const reason = `the database uses ${formatBytes(after)}, down from ${formatBytes(before)}`;
    return [{ subject: wholeSubjects.bytes, reason }];
  }
  return [];
}

/** In use, where both counted what is not. */
function bytesOf(previous: MeasuredFacts, next: MeasuredFacts): [before: number, after: number] {
  const [used, left] = [previous, next].map(bytesInUse);
  const isCounted = used !== undefined && left !== undefined;
  return isCounted ? [used, left] : [previous.sizeBytes, next.sizeBytes];
}

/** A queue that was worked off takes its bytes along; where that is all that went, nothing of worth did. */
function isExplained(previous: MeasuredFacts, next: MeasuredFacts, guard: Guard): boolean {
  const now = rowsByName(next.tables);
  const isWorkedOff = previous.tables.some(
    ({ name, rows }) =>
      guard.losses.get(name) === 'ignored' &&
      rows >= tableRowsWorthComparing &&
      (now.get(name) ?? 0) <= kept(rows, guard.lossPercent),
  );
  return isWorkedOff && rowsThatMatter(next, guard) >= rowsThatMatter(previous, guard);
}

function tableSuspicions(
  earlier: readonly Earlier[],
  { tables }: MeasuredFacts,
  { losses }: Guard,
): Suspicion[] {
  const now = rowsByName(tables);
  const rowsOf = new Map(earlier.map((each) => [each, rowsByName(each.facts.tables)]));
  const lost = [...losses].flatMap(([name, loss]) => {
    if (loss === 'ignored') return [];
    const states = statesOf(earlier, name).flatMap((each) => rowsOf.get(each) ?? []);
    if ((now.get(name) ?? 0) >= (states[0]?.get(name) ?? 0)) return []; // as with all rows
    const before = states.find((rows) => isLoss(rows.get(name) ?? 0, now.get(name), loss));
    return before === undefined ? [] : [{ name, before, rows: before.get(name) ?? 0 }];
  });
  return withoutMoved(lost, tables).map(({ name, rows }) => ({
    subject: name,
    reason: tableReason(name, rows, now.get(name)),
  }));
}

interface LostRows {
  name: string;
  before: ReadonlyMap<string, number>;
  rows: number;
}

/** Less those whose rows lie elsewhere now; the largest are looked for first, and not one by one where it is all of them. */
function withoutMoved(losses: readonly LostRows[], tables: readonly TableRows[]): LostRows[] {
  const moved = movedRows(tables);
  const largest = [...losses].sort((a, b) => b.rows - a.rows).slice(0, lossesFollowed);
  const gone = new Set(largest.filter(({ name, before }) => moved.found(name, before)));
  return losses.filter((loss) => !gone.has(loss));
}

/** Whether so many rows less are a loss of one table. One that has nothing and goes is none. */
function isLoss(before: number, now: number | undefined, loss: Exclude<Loss, 'ignored'>): boolean {
  if (before === 0) return false;
  if (now === undefined) return true;
  if (loss === 'usual') return now === 0 && before >= tableRowsWorthComparing;
  return now < before && now <= kept(before, loss);
}

function tableReason(name: string, before: number, now: number | undefined): string {
  const had = formatCount(before, 'row');
  if (now === undefined) return `table ${tableLabel(name)} is gone, it had ${had}`;
  if (now === 0) return `table ${tableLabel(name)} is empty, it had ${had}`;
  return `table ${tableLabel(name)} has ${formatCount(now, 'row')}, down from ${groupThousands(before)}`;
}

/** What was accepted once, or is so in the newest proven backup, is known. */
function findingSuspicions(
  newest: Earlier | undefined,
  states: readonly Earlier[],
  findings: readonly string[],
): Suspicion[] {
  const known = new Set([newest, states[0]].flatMap((state) => state?.findings ?? []));
  return findings
    .filter((finding) => !known.has(finding))
    .map((finding) => ({ subject: wholeSubjects.integrity, reason: `integrity check: ${finding}` }));
}

function rowsThatMatter({ tables }: MeasuredFacts, { losses }: Guard): number {
  const mattering = tables.filter(({ name }) => losses.get(name) !== 'ignored');
  return mattering.reduce((sum, { rows }) => sum + rows, 0);
}

function rowsByName(tables: readonly TableRows[]): Map<string, number> {
  return new Map(tables.map(({ name, rows }) => [name, rows]));
}

/** Up to how much has to be left for it to count as a loss. */
function kept(before: number, lossPercent: number): number {
  return before * (1 - lossPercent / 100);
}

/** Whether a person accepted this by `pattern`: the subject's name, or several with `*`. */
export function isAccepted({ subject }: Suspicion, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => matches(pattern, subject));
}

// Which backups to keep and which may go, and why, for every one of them. Only a plan: nothing is removed here.
// When anything about the plan is in doubt it keeps everything (invariants P2 and P3).
import { type BaseLink, dependentsFirst, keptAsBases } from './kept-bases.ts';
import type { ClockState } from './manifest.ts';
import { type BackupFormat, formatByName } from './name.ts';
import { newestFirst } from './order.ts';
import { type PeriodSlots, periodSlots } from './period-slots.ts';
import { periodsOf } from './period.ts';

/** How many to keep: of the newest, and of the newest hours, days, ISO weeks and months that have a backup. */
export interface RetentionPolicy {
  last: number;
  /** Of those in pages, where there are such: beside them nobody makes a plain file an hour. */
  hourly: number;
  daily: number;
  weekly: number;
  monthly: number;
}

/** A backup with a sound manifest. Whatever has none must not be given to the plan. */
export interface RetentionCandidate {
  name: string;
  takenAt: Date;
  suspect: boolean;
  /** The name of the backup that it is based on; none of a full or a plain file. */
  base?: string | undefined;
}

export interface RetentionQuestion {
  backups: readonly RetentionCandidate[];
  /** In which formats backups are made now; of all unless given. */
  formats?: readonly BackupFormat[];
  /** Backups that are not up for decision, and may be mended, or somebody's own: what they are based on has to stay. */
  others?: readonly BaseLink[];
  /** Backups in pages of which nobody can say what they are based on: while there are such, all in pages stays. */
  unread?: readonly string[];
  policy: RetentionPolicy;
  now: Date;
  timeZone: string;
  clock: ClockState;
}

export interface RetentionDecision {
  name: string;
  takenAt: Date;
  keep: boolean;
  /** Every reason for keeping it, or what each rule has to say against it. Never empty. */
  reasons: string[];
}

export interface RetentionPlan {
  /** One for each backup, newest first. */
  decisions: RetentionDecision[];
  /** Those that may go, in an order in which at no time one is without what it is based on. */
  removals: string[];
  /** Why nothing at all may be removed, or undefined. */
  refused: string | undefined;
  /** Whether that has been so for long: what should have gone a week ago is there, or what waits is of more days than a week has. */
  lasts: boolean;
}

const lastingMs = 7 * 24 * 3_600_000;
const waitingDaysMax = 7;

/**
 * Decides about every backup; any one rule that wants a backup keeps it. The rules are those of each format by itself,
 * but in one that is no longer made a newer backup of any format takes its place: else what there is of it would stay for ever.
 *
 * - The newest proven backup is kept, whatever the policy.
 * - A period without a backup uses up no slot, so an outage cannot empty the history.
 * - A backup dated after `now` is kept and uses up no slot, and is no reason for anything else: it stands for no other,
 *   and stops no removal. So a clock that is behind removes less than one that is right, and never more.
 * - A suspect backup is kept while it is among the newest `last` of all, and uses up no slot of a proven one.
 * - What something that stays is based on is kept, whatever the policy.
 * - Everything is kept when the clock is not synchronised, when the policy keeps nothing, and when the newest backup is
 *   suspect; `refused` says which, and `lasts` whether the backups themselves show that it is so for long.
 *
 * Planning again after the removals removes nothing more, and a newer backup brings none of the removed ones back.
 * Two backups of one name, and a policy that does not count in whole numbers, are bugs of the caller.
 */
export function retentionPlan(question: RetentionQuestion): RetentionPlan {
  requireSense(question);
  const refused = refusal(question);
  const decisions = decide(question);
  if (refused === undefined) {
    const leaves = new Set(decisions.filter(({ keep }) => !keep).map(({ name }) => name));
    const removals = dependentsFirst(
      [...question.backups].sort(newestFirst).filter(({ name }) => leaves.has(name)),
    );
    return { decisions, removals, refused, lasts: false };
  }
  const reasons = [`nothing is removed: ${refused}`];
  const kept = decisions.map(({ name, takenAt }) => ({ name, takenAt, keep: true, reasons }));
  const lasts = daysWaiting(question) > waitingDaysMax || daysWaiting(asOf(question, lastingMs)) > 0;
  return { decisions: kept, removals: [], refused, lasts };
}

/** What the rules of the policy say, newest first. */
function decide(question: RetentionQuestion): RetentionDecision[] {
  const backups = [...question.backups].sort(newestFirst);
  const formats = new Map(
    formatsOf(question).map((each) => [each.format, judgeFormat(backups, each, question)]),
  );
  const claimsOf = ({ name }: RetentionCandidate) => formats.get(formatByName(name))?.claims.get(name) ?? [];
  const asBases = keptAsBases(backups, (backup) => claimsOf(backup).length > 0, question.others ?? []);
  return backups.map((backup) => {
    const { name, takenAt } = backup;
    const base = asBases.get(name);
    const reasons = [...claimsOf(backup), ...(base === undefined ? [] : [base])];
    if (reasons.length > 0) return { name, takenAt, keep: true, reasons };
    const { slots = [], policy = question.policy } = formats.get(formatByName(name)) ?? {};
    return { name, takenAt, keep: false, reasons: removalReasons(backup, slots, { ...question, policy }) };
  });
}

interface FormatPolicy {
  format: BackupFormat;
  policy: RetentionPolicy;
}

function formatsOf({ backups, policy }: RetentionQuestion): FormatPolicy[] {
  if (backups.every(({ name }) => formatByName(name) === 'plain')) return [{ format: 'plain', policy }];
  const nightly = { ...policy, hourly: 0 };
  return [
    { format: 'plain', policy: keepsNothing(nightly) ? policy : nightly },
    { format: 'pages', policy },
  ];
}

/** The rules on the backups of one format. */
function judgeFormat(
  all: readonly RetentionCandidate[],
  { format, policy }: FormatPolicy,
  { now, timeZone, formats = [format], unread = [] }: RetentionQuestion,
) {
  const own = all.filter(({ name }) => formatByName(name) === format);
  const judged = formats.includes(format) ? own : all;
  const timely = judged.filter(({ takenAt }) => takenAt <= now);
  const slots = periodSlots(timely.filter(isProven), policy, timeZone);
  const claims = keepReasons(judged, timely, slots, policy);
  const claim = (name: string, reason: string) => claims.set(name, [...(claims.get(name) ?? []), reason]);
  const newest = own.find((backup) => backup.takenAt <= now && isProven(backup));
  if (newest !== undefined && judged !== own && newest !== timely.find(isProven))
    claim(newest.name, `newest proven backup in ${format}`);
  const [first] = unread;
  if (format === 'pages' && first !== undefined)
    for (const { name } of own) claim(name, `nobody can read what ${first} is based on`);
  return { policy, slots, claims };
}

/** Of how many days the policy would let backups go. */
function daysWaiting(question: RetentionQuestion): number {
  const waiting = decide(question).filter(({ keep }) => !keep);
  return new Set(waiting.map(({ takenAt }) => periodsOf(takenAt, question.timeZone).daily)).size;
}

/** The same question as it was so long ago, as far as the backups that are still there tell. */
function asOf(question: RetentionQuestion, agoMs: number): RetentionQuestion {
  const now = new Date(question.now.getTime() - agoMs);
  return { ...question, now, backups: question.backups.filter(({ takenAt }) => takenAt <= now) };
}

/** Every reason there is to keep a backup, by its name. All lists are newest first; `timely` are not in the future. */
function keepReasons(
  backups: readonly RetentionCandidate[],
  timely: readonly RetentionCandidate[],
  slots: readonly PeriodSlots[],
  { last }: RetentionPolicy,
): Map<string, string[]> {
  const reasons = new Map<string, string[]>();
  const keep = (name: string, reason: string) => reasons.set(name, [...(reasons.get(name) ?? []), reason]);
  const newestProven = timely.find(isProven);
  if (newestProven !== undefined) keep(newestProven.name, 'newest proven backup');
  for (const { name } of backups.slice(0, backups.length - timely.length)) keep(name, 'dated in the future');
  for (const { name, suspect } of timely.slice(0, last)) {
    if (suspect) keep(name, `suspect, but among the newest ${last}`);
  }
  const proven = timely.filter(isProven).slice(0, last);
  proven.forEach(({ name }, index) => keep(name, `last ${index + 1} of ${last}`));
  for (const { kind, holders } of slots) {
    for (const [label, name] of holders) keep(name, `${kind} ${label}`);
  }
  return reasons;
}

/** What each rule of the policy has to say against a backup that none of them keeps. */
function removalReasons(
  backup: RetentionCandidate,
  slots: readonly PeriodSlots[],
  { policy: { last }, timeZone }: RetentionQuestion,
): string[] {
  if (backup.suspect) return [last === 0 ? 'suspect' : `suspect, and not among the newest ${last}`];
  const labels = periodsOf(backup.takenAt, timeZone);
  const fromPeriods = slots
    .filter(({ count }) => count > 0)
    .map(({ kind, plural, count, holders }) =>
      holders.has(labels[kind])
        ? `a newer backup stands for ${labels[kind]}`
        : `${labels[kind]} is older than the newest ${count} ${plural} with a backup`,
    );
  return [...(last === 0 ? [] : [`not among the newest ${last}`]), ...fromPeriods];
}

function refusal(question: RetentionQuestion): string | undefined {
  return distrust(question) ?? (keepsNothing(question.policy) ? 'the policy keeps nothing' : undefined);
}

/** Why nothing at all may be removed now, whatever the policy; undefined where something may. */
export function distrust({
  backups,
  now,
  clock,
}: Pick<RetentionQuestion, 'backups' | 'now' | 'clock'>): string | undefined {
  if (clock === 'unsynchronised') return 'the clock is not synchronised';
  const [newest] = backups.filter(({ takenAt }) => takenAt <= now).sort(newestFirst);
  if (newest?.suspect === true) return `the newest backup, ${newest.name}, is suspect`;
  return undefined;
}

function keepsNothing(policy: RetentionPolicy): boolean {
  return Object.values(policy).every((count) => count === 0);
}

function requireSense({ backups, policy }: RetentionQuestion): void {
  const names = new Set<string>();
  for (const { name } of backups) {
    if (names.has(name)) throw new Error(`two backups have the name ${name}`);
    names.add(name);
  }
  for (const [rule, count] of Object.entries(policy)) {
    if (!Number.isSafeInteger(count) || count < 0) throw new Error(`the policy says ${rule} = ${count}`);
  }
}

function isProven({ suspect }: RetentionCandidate): boolean {
  return !suspect;
}

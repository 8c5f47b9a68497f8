// Which backups to keep and which may go, and why, for every one of them. Only a plan: nothing is removed here.
// When anything about the plan is in doubt it keeps everything (invariants P2 and P3).
import { formatInstant } from '../base/format.ts';
import type { ClockState } from './manifest.ts';
import { newestFirst } from './order.ts';
import { type PeriodSlots, periodSlots } from './period-slots.ts';
import { periodsOf } from './period.ts';

/** How many to keep: of the newest, and of the newest days, ISO weeks and months that have a backup. */
export interface RetentionPolicy {
  last: number;
  daily: number;
  weekly: number;
  monthly: number;
}

/** A backup with a sound manifest. Whatever has none must not be given to the plan. */
export interface RetentionCandidate {
  name: string;
  takenAt: Date;
  suspect: boolean;
}

export interface RetentionQuestion {
  backups: readonly RetentionCandidate[];
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
  /** Why nothing at all may be removed, or undefined. */
  refused: string | undefined;
}

const clockBehindMsMax = 3_600_000;

/**
 * Decides about every backup; any one rule that wants a backup keeps it.
 *
 * - The newest proven backup is kept, whatever the policy.
 * - A period without a backup uses up no slot, so an outage cannot empty the history.
 * - A backup dated after `now` is kept and uses up no slot.
 * - A suspect backup is kept while it is among the newest `last` of all, and uses up no slot of a proven one.
 * - Everything is kept when the clock is not synchronised or more than an hour behind the newest backup, when the
 *   policy keeps nothing, and when the newest backup is suspect; `refused` says which.
 *
 * Planning again after the removals removes nothing more, and a newer backup brings none of the removed ones back.
 * Two backups of one name, and a policy that does not count in whole numbers, are bugs of the caller.
 */
export function retentionPlan(question: RetentionQuestion): RetentionPlan {
  requireSense(question);
  const backups = [...question.backups].sort(newestFirst);
  const refused = refusal(backups, question);
  if (refused !== undefined) {
    const reason = `nothing is removed: ${refused}`;
    const kept = backups.map(({ name, takenAt }) => ({ name, takenAt, keep: true, reasons: [reason] }));
    return { decisions: kept, refused };
  }
  const timely = backups.filter(({ takenAt }) => takenAt <= question.now);
  const slots = periodSlots(timely.filter(isProven), question.policy, question.timeZone);
  const claims = keepReasons(backups, timely, slots, question.policy);
  const decisions = backups.map((backup) => {
    const { name, takenAt } = backup;
    const reasons = claims.get(name);
    if (reasons !== undefined) return { name, takenAt, keep: true, reasons };
    return { name, takenAt, keep: false, reasons: removalReasons(backup, slots, question) };
  });
  return { decisions, refused };
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
  const newestProven = backups.find(isProven);
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

function refusal(
  [newest]: readonly RetentionCandidate[],
  { policy, now, clock }: RetentionQuestion,
): string | undefined {
  if (clock === 'unsynchronised') return 'the clock is not synchronised';
  if (newest !== undefined && newest.takenAt.getTime() - now.getTime() > clockBehindMsMax) {
    return `the clock is behind: it says ${formatInstant(now)}, but ${newest.name} is of ${formatInstant(newest.takenAt)}`;
  }
  if (Object.values(policy).every((count) => count === 0)) return 'the policy keeps nothing';
  if (newest?.suspect === true) return `the newest backup, ${newest.name}, is suspect`;
  return undefined;
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

// What was found of one subject of one check, and what is remembered of it from one run to the next.
import { fnv1a } from '../base/fnv1a.ts';
import { healthPrefix } from '../incident/check.ts';
import type { Verdict } from '../base/verdict.ts';
import type { Judgement, Patience, Unit } from './check.ts';

/** A fresh answer. */
export interface Reading extends Judgement {
  readonly check: string;
  readonly subject: string;
}

/** What is known of a check of one subject: the newest answer, since when it is so, and whether anybody is to know. */
export interface CheckState {
  readonly check: string;
  readonly subject: string;
  readonly verdict: Verdict;
  /** Since when the verdict is this one. */
  readonly since: Date;
  /** When it was asked last. */
  readonly at: Date;
  readonly value: number | undefined;
  readonly unit: Unit;
  readonly message: string;
  readonly hint: string | undefined;
  /** How often in a row it was bad, and well. */
  readonly failures: number;
  readonly recoveries: number;
  /** Since when it is an alarm; undefined where it is none (yet). */
  readonly alarmSince: Date | undefined;
  /** The check and subject that explain it, `disk-space of /`; undefined where it stands for itself. */
  readonly hiddenBy: string | undefined;
  /** When a sample of it was kept last. */
  readonly sampledAt: Date | undefined;
}

/** The state after a fresh answer. What something else explains does not count towards an alarm. */
export function afterReading(
  before: CheckState | undefined,
  reading: Reading & { unit: Unit; hiddenBy: string | undefined },
  { failures: failuresMin, recoveries: recoveriesMin }: Patience,
  now: Date,
): CheckState {
  const { check, subject, verdict, value, unit, message, hint, hiddenBy } = reading;
  const isBad = verdict !== 'ok';
  const isExplained = hiddenBy !== undefined;
  const counted = { failures: before?.failures ?? 0, recoveries: before?.recoveries ?? 0 };
  const failures = isBad ? counted.failures + (isExplained ? 0 : 1) : 0;
  const recoveries = isBad ? 0 : counted.recoveries + 1;
  const alarmSince = before?.alarmSince;
  const isOver = !isBad && recoveries >= recoveriesMin;
  const begins = isBad && !isExplained && failures >= (reading.patience ?? failuresMin);
  return {
    ...{ check, subject, verdict, value, unit, message, hint, hiddenBy, failures, recoveries },
    since: before?.verdict === verdict ? before.since : now,
    at: now,
    alarmSince: isOver ? undefined : (alarmSince ?? (begins ? now : undefined)),
    sampledAt: before?.sampledAt,
  };
}

/** How often what is bad, and known to be, is looked at again where it is asked rarely. */
const badEveryMs = 60 * 60_000;

/** Whether it is worth asking again: what is not known to be bad yet is asked at once, to be sure. */
export function isDue(
  state: CheckState | undefined,
  { everyMs, failures }: { everyMs: number; failures: number },
  now: Date,
): boolean {
  if (state === undefined) return true;
  const ageMs = now.getTime() - state.at.getTime();
  if (ageMs < 0 || ageMs >= everyMs) return true; // a clock that was ahead is no reason to wait for it
  if (state.verdict === 'ok') return false;
  return state.failures < failures || ageMs >= badEveryMs;
}

/** Told to people, unless something else explains it. */
export function isAlarm({ alarmSince, hiddenBy }: CheckState): boolean {
  return alarmSince !== undefined && hiddenBy === undefined;
}

/** The name of the check that alerts are about: `health:disk-space@mnt-k-drive`. */
export function alertName({ check, subject }: Pick<CheckState, 'check' | 'subject'>): string {
  const plain = subject.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  if (plain !== '' && plain === subject && plain.length <= subjectLengthMax)
    return `${healthPrefix}${check}@${plain}`;
  // Two subjects that differ in what is left out must not be one.
  return `${healthPrefix}${check}@${plain.slice(0, subjectLengthMax)}${plain === '' ? '' : '-'}${fnv1a(subject, 32)}`;
}

const subjectLengthMax = 80;

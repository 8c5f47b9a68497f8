// What an operator decided about alerts. Times are milliseconds.
import { healthPrefix } from './check.ts';

export interface AlertPolicy {
  /** How often a check has to fail in a row before anyone is told. Critical news does not wait. */
  readonly failures: number;
  /** How often it has to end well in a row before it counts as well. */
  readonly recoveries: number;
  /** How often in a row a run may be left out because another one holds the lock. */
  readonly skips: number;
  /** How often in a row a run may be stopped from outside. */
  readonly interruptions: number;
  /** Thresholds of single checks, by name without an app. */
  readonly jobs: Readonly<Record<string, { failures?: number | undefined; recoveries?: number | undefined }>>;
  /** After the first message, and then again and again after the last of these. Empty: never. */
  readonly reminders: readonly number[];
  /** A warning that lasts so long becomes critical. */
  readonly escalateAfter: number;
  /** In these hours warnings wait. Minutes since midnight in the zone. */
  readonly quiet: QuietHours | undefined;
  /** How often each channel is tried end to end; undefined for never. */
  readonly canaryEvery: number | undefined;
}

export interface QuietHours {
  readonly fromMinute: number;
  readonly toMinute: number;
  readonly timeZone: string;
}

/** So many changes within such a time are flapping: told once, and then only when it has been quiet for as long. */
export const flapping = { changes: 4, withinMs: 60 * 60_000 };

/** The thresholds of one check. A health check has counted by itself before it says anything. */
export function thresholds(policy: AlertPolicy, check: string): { failures: number; recoveries: number } {
  if (check.startsWith(healthPrefix)) return { failures: 1, recoveries: 1 };
  const own = policy.jobs[check.replace(/@.*$/, '')];
  return {
    failures: own?.failures ?? policy.failures,
    recoveries: own?.recoveries ?? policy.recoveries,
  };
}

/** How long after the n-th message of an incident the next one is due; undefined for never. */
export function reminderAfter({ reminders }: AlertPolicy, sent: number): number | undefined {
  return reminders[Math.min(sent, reminders.length - 1)];
}

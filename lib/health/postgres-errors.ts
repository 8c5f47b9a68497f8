// The check `postgres-errors`: what went wrong in a PostgreSQL database in about the last hour, by its own counters.
import { formatCount, formatDuration, formatInstant } from '../base/format.ts';
import { worst } from '../base/verdict.ts';
import type { Check, Judgement, Limits } from './check.ts';
import { byLimits } from './limits.ts';
import type { PostgresFacts, PostgresLook } from './postgres.ts';
import { type CounterWindow, happenedIn, type Happened, perHour } from './postgres-window.ts';

export interface PostgresErrorsFacts {
  readonly found: PostgresFacts;
  /** What was counted by this look and those before it; undefined where there was none. */
  readonly window: CounterWindow | undefined;
  /** From which share of the transactions on rolling back is a warning; undefined for none. */
  readonly rollbackPercent: number | undefined;
  /** What a superuser types to see more. */
  readonly errorsHint: string;
}

/** From where it is judged. */
interface View {
  readonly limits: Limits;
  readonly timeZone: string;
}

const dayMs = 86_400_000;
/** Of fewer transactions a share says nothing. */
const transactionsMin = 100;

/**
 * A deadlock or a conflict is a statement of somebody that the server broke off. Rolling back is what many apps do after every
 * question, so that only its share, and only where a limit is given, says anything.
 */
export const postgresErrorsCheck: Check<PostgresErrorsFacts> = {
  name: 'postgres-errors',
  question: 'Does PostgreSQL break off what the app asks, or find damaged pages?',
  unit: 'count',
  limits: { warning: 5, critical: 50 },
  worse: 'above',
  causedBy: ['postgres-connections'],
  judge: (facts, view) =>
    'refusal' in facts.found
      ? { verdict: 'unknown', message: facts.found.refusal.message, hint: facts.found.refusal.hint }
      : ofLook(facts.found.look, facts, view),
};

function ofLook(
  look: PostgresLook,
  { window, rollbackPercent, errorsHint }: PostgresErrorsFacts,
  view: View,
): Judgement {
  const happened = window && happenedIn(window);
  const damage = damageOf(look, happened, view);
  if (happened === undefined)
    return damage === undefined
      ? { verdict: 'ok', message: 'the first look: errors are counted from now on' }
      : { verdict: 'critical', message: damage, hint: damageHint };
  const { deadlocks, conflicts, tempBytes } = happened.counts;
  const broken = perHour(deadlocks + conflicts, happened);
  const isRollingBack = rollbackPercent !== undefined && percentOf(happened) >= rollbackPercent;
  const verdict = worst([
    byLimits(broken, view.limits, 'above'),
    ...(isRollingBack && transactionsOf(happened) >= transactionsMin ? (['warning'] as const) : []),
    ...(damage === undefined ? [] : (['critical'] as const)),
  ]);
  return {
    verdict,
    message: [...(damage === undefined ? [] : [damage]), words(happened)].join('; '),
    hint: damage === undefined ? (verdict === 'ok' ? undefined : errorsHint) : damageHint,
    value: rounded(broken),
    measures: {
      deadlocks_per_hour: rounded(perHour(deadlocks, happened)),
      conflicts_per_hour: rounded(perHour(conflicts, happened)),
      rollbacks_per_hour: rounded(perHour(happened.counts.rollbacks, happened)),
      commits_per_hour: rounded(perHour(happened.counts.commits, happened)),
      rollback_percent: rounded(percentOf(happened)),
      temp_bytes_per_hour: Math.round(perHour(tempBytes, happened)),
      checksum_failures: look.counters.checksumFailures ?? 0,
    },
  };
}

const damageHint =
  'back it up at once, keep the old backups, and look at its disk: dmesg; docs/operations.md, under postgres-errors';

/** For a day, also where it happened before the first look: nobody mends damage within an hour. */
function damageOf(
  { at, counters }: PostgresLook,
  happened: Happened | undefined,
  { timeZone }: View,
): string | undefined {
  const { checksumFailures = 0, checksumFailedAt } = counters;
  const isNew = (happened?.counts.checksumFailures ?? 0) > 0;
  const isRecent = checksumFailedAt !== undefined && at - checksumFailedAt < dayMs;
  if (checksumFailures === 0 || !(isNew || isRecent)) return undefined;
  const when =
    checksumFailedAt === undefined
      ? ''
      : `, the last at ${formatInstant(new Date(checksumFailedAt), timeZone)}`;
  return `damaged pages: ${formatCount(checksumFailures, 'checksum failure')}${when}`;
}

function words(happened: Happened): string {
  const { deadlocks, conflicts, rollbacks } = happened.counts;
  const transactions = transactionsOf(happened);
  const rolledBack = `${rollbacks} of ${formatCount(transactions, 'transaction')} rolled back (${Math.round(percentOf(happened))}%)`;
  return `${formatCount(deadlocks, 'deadlock')}, ${formatCount(conflicts, 'conflict')}, ${rolledBack} in the last ${formatDuration(happened.overMs)}`;
}

function transactionsOf({ counts: { commits, rollbacks } }: Happened): number {
  return commits + rollbacks;
}

function percentOf(happened: Happened): number {
  return (happened.counts.rollbacks * 100) / Math.max(1, transactionsOf(happened));
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

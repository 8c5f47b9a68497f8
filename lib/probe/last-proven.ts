// Until when the newest backup of an app is known to be its database.
import type { GuardedApp } from '../config/config.ts';
import type { History } from '../history/history.ts';

/** Far more runs than there are in a week. */
const runsLooked = 500;

/**
 * In the classic layout a night without changes makes no backup: that such a run ended well is in the history alone. In all
 * others it is when the backup was taken.
 */
export function lastProven(history: History, app: GuardedApp, takenAt: Date, now: Date): Date {
  if (app.layout !== 'classic') return takenAt;
  const ended = history
    .recentRuns(undefined, runsLooked)
    .filter(({ job, command, outcome }) => job === 'db-backup' && command === 'run' && outcome === 'done')
    .filter((run) => run.app === undefined || run.app === app.name)
    .map(({ startedAt }) => startedAt)
    .find((at) => at <= now);
  return ended !== undefined && ended > takenAt ? ended : takenAt;
}

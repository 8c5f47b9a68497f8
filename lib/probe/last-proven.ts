// Until when the newest backup of an app is known to be its database.
import type { GuardedApp } from '../config/config.ts';
import type { History } from '../history/history.ts';

/** Far more runs than there are in a week. */
const runsLooked = 500;

/**
 * When a backup was taken; or later, where the database was looked at since then and is byte for byte that of one that is
 * still there, so that nothing was stored. In the classic layout every nightly run that ended well counts as such a look.
 */
export function lastProven(
  history: History,
  app: GuardedApp,
  takenAt: Date,
  { now, isThere }: { now: Date; isThere: (backup: string) => boolean },
): Date {
  const look =
    app.layout === 'classic'
      ? goodNight(history, app, now)
      : history.looksAt(app.name).find(({ name, at }) => at <= now && isThere(name))?.at;
  return look !== undefined && look > takenAt ? look : takenAt;
}

function goodNight(history: History, app: GuardedApp, now: Date): Date | undefined {
  return history
    .recentRuns(undefined, runsLooked)
    .filter(({ job, command, outcome }) => job === 'db-backup' && command === 'run' && outcome === 'done')
    .filter((run) => run.app === undefined || run.app === app.name)
    .map(({ startedAt }) => startedAt)
    .find((at) => at <= now);
}

// Measures how the fulls of each app in pages stand: by what the store lists, and by what waits here to be sent.
import { standingOf } from '../backup/full-due.ts';
import type { PagesPolicy } from '../backup/pages-policy.ts';
import { newestTurn } from '../backup/taking-turns.ts';
import type { SeriesFacts } from '../health/backup-series.ts';
import { appNamed } from './backup-age.ts';
import type { Probe } from './probe.ts';
import { liveApps } from './standing-by.ts';

const dayMs = 86_400_000;
/** What happened before was told then. */
const turnsLookBackMs = 7 * dayMs;

export const backupSeriesProbe: Probe<SeriesFacts> = {
  async subjects(context) {
    const inPages = (await liveApps(context)).filter(({ formats }) => formats.includes('pages'));
    return inPages.map(({ name }) => name);
  },
  timeoutMs: 60_000,
  async measure(context, subject) {
    const { config, clock } = context;
    const app = appNamed(context, subject);
    const entries = await context.backups(app);
    const turn = newestTurn(entries, new Date(clock.now().getTime() - turnsLookBackMs));
    return {
      ...standingOf(entries, { policy: app.pages, timeZone: config.timeZone }),
      dueMs: patienceMs(app.pages),
      underWay: undefined,
      turn: turn && {
        hosts: [turn.other.host, turn.back.host],
        backups: [turn.other.name, turn.back.name],
      },
    };
  },
};

/** Until the next window has begun and ended, with a night that may be missed; without one until the next run. */
function patienceMs({ fullWindow }: PagesPolicy): number {
  const betweenMs = fullWindow === undefined || fullWindow.weekday === undefined ? dayMs : 7 * dayMs;
  return betweenMs + dayMs + (fullWindow?.lengthMs ?? 0);
}

// Measures how the fulls of each app in pages stand: by what the store lists, and by what waits here to be sent.
import type { CatalogueEntry } from '../backup/catalogue.ts';
import { standingOf } from '../backup/full-due.ts';
import type { PagesPolicy } from '../backup/pages-policy.ts';
import { newestTurn } from '../backup/taking-turns.ts';
import type { GuardedApp } from '../config/config.ts';
import type { SeriesFacts } from '../health/backup-series.ts';
import { appNamed } from './backup-age.ts';
import type { Probe, ProbeContext } from './probe.ts';
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
      underWay: await underWay(context, app, entries),
      turn: turn && {
        hosts: [turn.other.host, turn.back.host],
        backups: [turn.other.name, turn.back.name],
      },
    };
  },
};

/** What waits here, and how much of it the store has: where its first object is not whole yet, nothing. */
async function underWay(
  context: ProbeContext,
  app: GuardedApp,
  entries: readonly CatalogueEntry[],
): Promise<SeriesFacts['underWay']> {
  const waiting = await context.waitingFull(app);
  if (waiting === undefined) return undefined;
  const { name, takenAt: since, sizeBytes } = waiting;
  const sentBytes = entries.find((entry) => entry.name === name)?.storedBytes ?? 0;
  return { name, since, sentBytes, sizeBytes };
}

/** Until the next window has begun and ended, with a night that may be missed; without one until the next run. */
function patienceMs({ fullWindow }: PagesPolicy): number {
  const betweenMs = fullWindow === undefined || fullWindow.weekday === undefined ? dayMs : 7 * dayMs;
  return betweenMs + dayMs + (fullWindow?.lengthMs ?? 0);
}

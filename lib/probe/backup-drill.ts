// Measures when a backup of each database was last restored on trial.
import { OpsError } from '../base/errors.ts';
import { guardedApps } from '../config/config.ts';
import type { DrillFacts } from '../health/backup-drill.ts';
import { appNamed } from './backup-age.ts';
import type { Probe } from './probe.ts';

export const backupDrillProbe: Probe<DrillFacts> = {
  subjects: ({ config }) =>
    guardedApps(config)
      .filter(({ expect }) => expect.drillMs !== undefined)
      .map(({ name }) => name),
  timeoutMs: 60_000,
  async measure(context, subject) {
    const app = appNamed(context, subject);
    const last = context.history.lastDrill(subject);
    // Only where nothing was tried yet it matters since when something could have been.
    const entries = last === undefined ? await orNone(() => context.backups(app)) : [];
    const oldest = entries.findLast(({ state }) => state === 'proven');
    return {
      last: last && { name: last.name, at: last.at, outcome: last.outcome, detail: last.detail },
      backupsSince: oldest?.takenAt,
      expectedMs: app.expect.drillMs ?? 0,
      isSealed: context.config.encryption !== undefined,
    };
  },
};

/** A store that does not answer is told of by a check of its own. */
async function orNone<T>(list: () => Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await list();
  } catch (error) {
    if (error instanceof OpsError) return [];
    throw error;
  }
}

// Measures when a backup of each database was last restored on trial.
import { newestProven } from '../backup/catalogue.ts';
import { isSealedName } from '../backup/name.ts';
import { OpsError } from '../base/errors.ts';
import { guardedApps } from '../config/config.ts';
import type { DrillFacts } from '../health/backup-drill.ts';
import { appNamed } from './backup-age.ts';
import type { Probe, ProbeContext } from './probe.ts';

export const backupDrillProbe: Probe<DrillFacts> = {
  subjects: ({ config }) =>
    guardedApps(config)
      .filter(({ expect }) => expect.drillMs !== undefined)
      .map(({ name }) => name),
  timeoutMs: 60_000,
  async measure(context, subject) {
    const app = appNamed(context, subject);
    const entries = await orNone(() => context.backups(app));
    const isSealed = isSealedName(newestProven(entries)?.name ?? '');
    const oldest = entries.findLast(
      ({ name, state }) => state === 'proven' && isSealedName(name) === isSealed,
    );
    return {
      last: lastDrill(context, subject, isSealed),
      backupsSince: oldest?.takenAt,
      expectedMs: app.expect.drillMs ?? 0,
      isSealed,
    };
  },
};

/**
 * Of sealed backups only a drill of a sealed one counts: that one from before opened says nothing of whether the identity in
 * the safe still opens what is made now. One that failed is told whatever it was of.
 */
function lastDrill({ history, clock }: ProbeContext, app: string, isSealed: boolean): DrillFacts['last'] {
  const last = history.lastDrill(app);
  if (!isSealed || last?.outcome === 'failed') return last;
  const now = clock.now();
  return history
    .drillsSince(new Date(0))
    .findLast((drill) => drill.app === app && drill.at <= now && isSealedName(drill.name));
}

/** A store that does not answer is told of by a check of its own. */
async function orNone<T>(list: () => Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await list();
  } catch (error) {
    if (error instanceof OpsError) return [];
    throw error;
  }
}

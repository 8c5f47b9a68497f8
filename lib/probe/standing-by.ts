// Which apps only stand by on this machine, so that nobody asks what they do not have: a database, backups of it, services.
import { type FileApp, fileApps, type GuardedApp, guardedApps } from '../config/config.ts';
import { livePromotion } from '../placement/promotion.ts';
import type { ProbeContext } from './probe.ts';

/** The file apps that are live on another machine, by name: here they have no database, no backups and no services. */
export async function standingBy(context: ProbeContext): Promise<ReadonlySet<string>> {
  const names = await Promise.all(
    standbys(context.config).map(async (app) => {
      // What cannot be read is told by the check of standbys.
      const promotion = await livePromotion(notesOf(context, app)).catch(() => undefined);
      return promotion === undefined ? [app.name] : [];
    }),
  );
  return new Set(names.flat());
}

/** The apps that are live on this machine. */
export async function liveApps(context: ProbeContext): Promise<GuardedApp[]> {
  const standing = await standingBy(context);
  return guardedApps(context.config).filter(({ name }) => !standing.has(name));
}

/** Whether a condition of a unit of ours keeps it still, as it has to be: the instance of an app that only stands by, or only lives, here. */
export function isStill(unit: string, standing: ReadonlySet<string>): boolean {
  const [, job, app = ''] = /^(.+)@(.+)\.(?:service|timer)$/.exec(unit) ?? [];
  if (job === 'restore-standby') return !standing.has(app);
  return job !== undefined && liveJobs.has(job) && standing.has(app);
}

/** Of an app that lives elsewhere these have nothing to work on. */
const liveJobs = new Set(['db-backup', 'db-backup-hourly', 'db-backup-info', 'db-maintain']);

/** The apps of which this machine is a standby, promoted or not. */
export function standbys(config: ProbeContext['config']): FileApp[] {
  return fileApps(config).filter(({ standby }) => standby !== undefined);
}

/** By what their notes are found. */
export function notesOf({ config: { stateDirectory } }: ProbeContext, { name, database }: FileApp) {
  return { stateDirectory, app: name, database };
}

// What a backup will be called. A scheduled one is called by its second: two in one second would have one name, so the
// later waits for the next second, and the order of the names stays the order in which they were made.
import { backupName, namedBackupName } from '../../lib/backup/name.ts';
import { OpsError } from '../../lib/base/errors.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import type { Repository } from '../../lib/repository/repository.ts';
import type { JobContext } from '../../lib/run/context.ts';

/** A name that is free, and the instant it stands for: that of the snapshot, which follows at once. */
export interface FreeName {
  name: string;
  takenAt: Date;
}

/** Seconds are taken by runs of this very moment; files that fill more of them are somebody else's doing. */
const waitsMax = 5;

/**
 * The name that a backup gets now, or in a few seconds; one that a person gave is free or not. Throws OpsError `refused`
 * where it is not: before the work, not after it. The repository refuses again when it comes to it.
 */
export async function freeName(
  context: JobContext,
  repository: Repository,
  app: GuardedApp,
  label: string | undefined,
): Promise<FreeName> {
  for (let waits = 0; ; waits += 1) {
    const takenAt = context.clock.now();
    const name = plannedName(context, app, label, takenAt);
    const holder = await repository.holderOf(name);
    if (holder === undefined) return { name, takenAt };
    if (label !== undefined || waits === waitsMax) throw taken(app, name, holder, label);
    context.log.debug(`${app.name}: ${holder} is there; waiting for the next second`);
    await context.wait(1000 - (takenAt.getTime() % 1000), context.signal);
  }
}

/** The name at an instant, free or not. */
function plannedName(
  { config }: JobContext,
  app: GuardedApp,
  label: string | undefined,
  takenAt: Date,
): string {
  if (label !== undefined) return namedBackupName(app.layout, app.name, label, { engine: app.engine });
  return backupName(app.layout, app.name, takenAt, {
    timeZone: config.timeZone,
    engine: app.engine,
  });
}

function taken(app: GuardedApp, name: string, holder: string, label: string | undefined): OpsError {
  const cause =
    label !== undefined && holder === name ? 'there is a backup of that name' : `${holder} is there`;
  return new OpsError('refused', `cannot back up ${app.name} as ${name}: ${cause}`, {
    hint:
      label === undefined
        ? 'the seconds before are taken as well: look at the clock, and at what db-backup list shows'
        : 'choose another name; backups are never overwritten',
  });
}

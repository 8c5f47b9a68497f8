// What a backup will be called. A scheduled one is called by its second: two in one second would have one name, so the
// later waits for the next second, and the order of the names stays the order in which they were made.
import { type BackupFormat, backupName, namedBackupName } from '../../lib/backup/name.ts';
import { OpsError } from '../../lib/base/errors.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import type { Repository } from '../../lib/repository/repository.ts';
import type { JobContext } from '../../lib/run/context.ts';

/** Names that are free, one in each format that was asked for, and the instant they stand for: that of the snapshot, which follows at once. */
export interface FreeNames {
  names: readonly FreeName[];
  takenAt: Date;
}

/** The name of a backup in a format. */
export interface FreeName {
  format: BackupFormat;
  name: string;
}

/** What is to be named. */
interface Wanted {
  /** A name given by a person instead of the time. */
  label: string | undefined;
  formats: readonly BackupFormat[];
}

/** Seconds are taken by runs of this very moment; files that fill more of them are somebody else's doing. */
const waitsMax = 5;

/**
 * The names that a backup gets now, or in a few seconds; one that a person gave is free or not. Throws OpsError `refused`
 * where it is not: before the work, not after it. The repository refuses again when it comes to it.
 */
export async function freeNames(
  context: JobContext,
  repository: Repository,
  app: GuardedApp,
  wanted: Wanted,
): Promise<FreeNames> {
  const { label } = wanted;
  for (let waits = 0; ; waits += 1) {
    const takenAt = context.clock.now();
    const names = plannedNames(context, app, wanted, takenAt);
    const held = await heldName(repository, names);
    if (held === undefined) return { names, takenAt };
    if (label !== undefined || waits === waitsMax) throw taken(app, held.name, held.holder, label);
    context.log.debug(`${app.name}: ${held.holder} is there; waiting for the next second`);
    await context.wait(1000 - (takenAt.getTime() % 1000), context.signal);
  }
}

/** The names at an instant, free or not. */
function plannedNames(
  { config }: Pick<JobContext, 'config'>,
  app: GuardedApp,
  { label, formats }: Wanted,
  takenAt: Date,
): FreeName[] {
  const { layout, name, engine } = app;
  return formats.map((format) => {
    const ending = { engine, format, isSealed: config.encryption !== undefined };
    if (label !== undefined) return { format, name: namedBackupName(layout, name, label, ending) };
    return { format, name: backupName(layout, name, takenAt, { timeZone: config.timeZone, ...ending }) };
  });
}

async function heldName(repository: Repository, names: readonly FreeName[]) {
  for (const { name } of names) {
    const holder = await repository.holderOf(name);
    if (holder !== undefined) return { name, holder };
  }
  return undefined;
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

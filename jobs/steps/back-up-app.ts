// One proven backup of one app, in the order that makes it safe: copy, prove, publish.
import { namedBackupName, backupName } from '../../lib/backup/name.ts';
import type { Manifest } from '../../lib/backup/manifest.ts';
import { shrinkReasons } from '../../lib/backup/suspicion.ts';
import { OpsError } from '../../lib/base/errors.ts';
import { formatCount } from '../../lib/base/format.ts';
import type { AppConfig } from '../../lib/config/config.ts';
import type { Scratch } from '../../lib/files/scratch.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Store } from '../../lib/store/store.ts';
import { newestProven, readCatalogue } from './catalogue.ts';
import { describeBackup, finishPending, publishBackup } from './publish.ts';
import { type ProvenSnapshot, proveSnapshot, snapshotSummary } from './snapshot.ts';

/** What was asked of one backup. */
export interface BackupOrder {
  /** A name given by a person instead of the time. */
  label: string | undefined;
  /** Take an emptied or shrunken database for what it should be. */
  acceptShrink: boolean;
  /** How many copies the store will hold of it in the end: the backup, and the latest copy where there is one. */
  copies: number;
}

/** A backup that stands in the store. */
export interface BackupReport {
  backup: string;
  manifest: Manifest;
  snapshot: ProvenSnapshot['report'];
  /** Why it is kept, but trusted neither to replace the latest copy nor to let older ones go (P3). */
  suspect: string[];
}

/** Snapshots, proves and publishes. Called under the app's lock. Nothing old is touched. */
export async function backUpApp(
  context: JobContext,
  store: Store,
  app: AppConfig,
  order: BackupOrder,
): Promise<BackupReport> {
  await finishPending(context, store, app);
  const scratch = await context.scratch(store.stagingDirectory);
  try {
    await requireFreeName(context, store, app, order);
    const snapshot = await proveSnapshot(context, app, scratch, order.copies);
    const suspect = order.acceptShrink ? [] : await suspicions(context, store, app, snapshot);
    const manifest = await describeBackup(
      context,
      app,
      snapshot,
      nameOf(context, app, order, snapshot.takenAt),
      suspect,
    );
    await publishBackup(context, store, scratch, snapshot, manifest);
    context.log.info(`${app.name}: backed up`, {
      backup: manifest.backup,
      copied: snapshotSummary(snapshot),
    });
    return { backup: manifest.backup, manifest, snapshot: snapshot.report, suspect };
  } finally {
    await removeQuietly(context, scratch);
  }
}

function nameOf({ config }: JobContext, app: AppConfig, { label }: BackupOrder, takenAt: Date): string {
  if (label === undefined) return backupName(app.layout, app.name, takenAt, config.timeZone);
  return namedBackupName(app.layout, app.name, label);
}

/** Refuses before the work, not after it. The store refuses again when it comes to it. */
async function requireFreeName(
  context: JobContext,
  store: Store,
  app: AppConfig,
  order: BackupOrder,
): Promise<void> {
  const name = nameOf(context, app, order, context.clock.now());
  if ((await store.stat(name)) === undefined) return;
  const cause =
    order.label === undefined ? 'there is a backup of this second already' : 'there is a backup of that name';
  throw new OpsError('refused', `cannot back up ${app.name} as ${name}: ${cause}`, {
    hint:
      order.label === undefined
        ? 'run it again in a second'
        : 'choose another name; backups are never overwritten',
  });
}

/** Compares with the newest backup that is not itself suspect, so that a loss does not become normal after a night. */
async function suspicions(
  context: JobContext,
  store: Store,
  app: AppConfig,
  { measured }: ProvenSnapshot,
): Promise<string[]> {
  const previous = newestProven(await readCatalogue(store, app, context.config));
  if (previous?.manifest === undefined) return [];
  const reasons = shrinkReasons(previous.manifest, measured.facts);
  for (const reason of reasons) context.log.warn(`${app.name}: ${reason}`, { since: previous.name });
  return reasons;
}

async function removeQuietly({ log }: JobContext, scratch: Scratch): Promise<void> {
  await scratch.remove().catch(() => {
    // How the backup went is the news; the next run sweeps what stayed.
    log.warn('a scratch directory could not be removed; the next run will', { path: scratch.path });
  });
}

/** What a person reads of a backup that was made. */
export function backupLines(app: string, { backup, manifest, suspect }: BackupReport): string[] {
  const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
  return [
    `${app}: backed up as ${backup}: ${formatCount(manifest.tables.length, 'table')}, ${formatCount(rows, 'row')}, ` +
      `integrity ${manifest.integrity.check === 'full' ? 'ok' : 'ok (quick check)'}`,
    ...(manifest.foreignKeyViolations === 0
      ? []
      : [
          `${app}: note: ${formatCount(manifest.foreignKeyViolations, 'foreign key violation')} in the database itself`,
        ]),
    ...suspect.map((reason) => `${app}: SUSPECT: ${reason}`),
    ...(suspect.length === 0
      ? []
      : [
          `${app}: it is kept, but the latest copy stays as it was and nothing is pruned; ` +
            'if this is how the database should be: db-backup run --accept-shrink',
        ]),
  ];
}

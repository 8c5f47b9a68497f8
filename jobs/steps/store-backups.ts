// One proven snapshot becomes a backup in each format that was asked for. One that cannot be stored does not keep the others
// from being.
import type { CatalogueEntry } from '../../lib/backup/catalogue.ts';
import { storedPartOf } from '../../lib/backup/catalogue.ts';
import type { Manifest } from '../../lib/backup/manifest.ts';
import type { BackupFormat } from '../../lib/backup/name.ts';
import { OpsError } from '../../lib/base/errors.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import { copyFileDurably } from '../../lib/files/copy-file.ts';
import type { FileDigest } from '../../lib/files/digest.ts';
import type { Scratch } from '../../lib/files/scratch.ts';
import { backupPlace, noteForAll } from '../../lib/history/rows.ts';
import type { Added, Repository, UnderWay } from '../../lib/repository/repository.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { ProvenSnapshot } from './snapshot.ts';

/** What is to be stored. */
export interface ToStore {
  format: BackupFormat;
  manifest: Manifest;
}

/** What came of it in one format. */
export interface StoredBackup {
  format: BackupFormat;
  /** Its name in the store; of one made before where nothing was made. */
  backup: string;
  manifest: Manifest;
  made: Added['made'] | 'nothing';
  /** What was sent for it; 0 where nothing was made. */
  storedBytes: number;
  /** Why it is a full, or why one is due; undefined where neither is so. */
  why: string | undefined;
  /** A full that is sent over several nights. */
  underWay: UnderWay | undefined;
}

interface Around {
  snapshot: ProvenSnapshot;
  scratch: Scratch;
  /** The latest copy, where it is to be refreshed. */
  latest: string | undefined;
  until: Date | undefined;
}

/**
 * Stores them in their order, and what the store lists then. Throws the first reason why one could not be, when all have
 * been tried.
 */
export async function storeBackups(
  context: JobContext,
  app: GuardedApp,
  repository: Repository,
  toStore: readonly ToStore[],
  around: Around,
): Promise<{ stored: Map<BackupFormat, StoredBackup>; entries: CatalogueEntry[] | undefined }> {
  const stored = new Map<BackupFormat, StoredBackup>();
  let entries: CatalogueEntry[] | undefined;
  let failed: OpsError | undefined;
  // A plain file is what the latest copy is made of without sending it twice.
  const withLatest = toStore.find(({ format }) => format === 'plain') ?? toStore[0];
  for (const [index, each] of toStore.entries()) {
    context.signal.throwIfAborted();
    try {
      const isLast = index === toStore.length - 1;
      const file = isLast ? around.snapshot.digest : await spareCopy(context, app, around, each.format);
      const refreshLatest = each === withLatest && around.latest !== undefined;
      const { scratch, until, snapshot } = around;
      const { pages } = snapshot;
      const added = await repository.add({
        file,
        manifest: each.manifest,
        refreshLatest,
        scratch,
        until,
        pages,
      });
      entries = await requireListed(repository, added.manifest);
      recordBackup(context, added.manifest, entries);
      const { manifest, made, storedBytes, why, underWay } = added;
      stored.set(each.format, {
        ...{ format: each.format, backup: manifest.backup, manifest },
        ...{ made, storedBytes, why, underWay },
      });
      if (added.blocked !== undefined) throw added.blocked;
    } catch (error) {
      if (!(error instanceof OpsError) || context.signal.aborted) throw error;
      failed ??= error;
    }
  }
  if (failed !== undefined) throw failed;
  return { stored, entries };
}

/** What is stored is given away: of the snapshot only the last one has it. */
async function spareCopy(
  { progress, signal }: JobContext,
  { name }: GuardedApp,
  { snapshot: { digest }, scratch }: Around,
  format: BackupFormat,
): Promise<FileDigest> {
  progress.start(`${name}: copying`, digest.sizeBytes);
  const onProgress = (done: number) => progress.update(done);
  const copy = scratch.file(`snapshot-${format}.db`);
  const file = await copyFileDurably(digest.path, copy, { expected: digest, signal, onProgress });
  progress.end();
  return file;
}

/**
 * The list as it is now. A backup is made when the reader's own code calls it one, and not when the last write came back:
 * throws OpsError `damaged` where it does not, before anything older is touched.
 */
async function requireListed(repository: Repository, { app, backup, suspect }: Manifest) {
  const entries = await repository.list();
  const entry = entries.find(({ name }) => name === backup);
  if (entry?.state === (suspect.length === 0 ? 'proven' : 'suspect')) return entries;
  const problem = entry?.problem === undefined ? '' : `: ${entry.problem}`;
  throw new OpsError(
    'damaged',
    `cannot count on the backup of ${app} that was just made: ${backup} is listed as ${entry?.state ?? 'nothing at all'}${problem}`,
    { hint: `nothing older was removed; look at what is there: db-backup list-backups --app ${app}` },
  );
}

function recordBackup(context: JobContext, manifest: Manifest, entries: readonly CatalogueEntry[]): void {
  const { backup: name, app, takenAt, sizeBytes, sha256, suspect } = manifest;
  const listed = entries.find((entry) => entry.name === name) ?? { name, storedBytes: sizeBytes, manifest };
  context.history.recordBackup({
    name,
    app,
    runId: context.runId,
    takenAt,
    sizeBytes,
    sha256,
    state: suspect.length === 0 ? 'proven' : 'suspect',
    ...backupPlace(listed, storedPartOf(listed)),
    note: noteForAll({ name, manifest }),
  });
}

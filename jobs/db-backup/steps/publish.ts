// From a proven snapshot to a backup in the store: data first, manifest last, for the manifest is the commit point.
// Where the latest copy is refreshed too, the bytes go there, and the store copies them to the backup's own name itself:
// a remote store can replace a file only by sending it, and the bytes are to be sent once (P4).
import { formatManifest, type Manifest, parseManifest } from '../../../lib/backup/manifest.ts';
import { manifestName } from '../../../lib/backup/name.ts';
import { errorMessage, OpsError } from '../../../lib/base/errors.ts';
import { formatBytes } from '../../../lib/base/format.ts';
import type { GuardedApp } from '../../../lib/config/config.ts';
import { writeFileAtomically } from '../../../lib/files/durable.ts';
import { digestFile } from '../../../lib/files/hash-file.ts';
import type { Scratch } from '../../../lib/files/scratch.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { Store, Stored } from '../../../lib/store/store.ts';
import type { ProvenSnapshot } from '../../steps/snapshot.ts';
import { type StateNote, stateNote } from '../../steps/state-note.ts';

/** The manifest of a snapshot that will have the name `backup` in the store. */
export async function describeBackup(
  context: JobContext,
  app: GuardedApp,
  { look, digest, measured, takenAt }: ProvenSnapshot,
  backup: string,
  suspect: string[],
): Promise<Manifest> {
  const { check, note } = measured.integrity;
  return {
    ...measured.facts,
    app: app.name,
    backup,
    takenAt,
    source: app.database,
    host: context.host,
    ...(look.ownership === undefined ? {} : { ownership: look.ownership }),
    sha256: digest.sha256,
    contentHash: digest.contentHash,
    integrity: { check, result: 'ok', ...(note === undefined ? {} : { note }) },
    holdfastVersion: context.version,
    runId: context.runId,
    clock: await context.clockState(),
    suspect,
  };
}

/**
 * Puts data, then manifest; with `latest`, the latest copy on the way. Each name becomes visible whole or not at all. When the manifest cannot be put the data
 * is taken back; when this process dies in between, the next run finds the note in the state directory and finishes.
 *
 * Returns why the latest copy could not be refreshed, where its name is what is in the way: that must not cost the
 * backup, which stands all the same.
 */
export async function publishBackup(
  context: JobContext,
  store: Store,
  scratch: Scratch,
  snapshot: ProvenSnapshot,
  manifest: Manifest,
  latest: string | undefined,
): Promise<OpsError | undefined> {
  const text = formatManifest(manifest);
  const pending = pendingNote(context, manifest.app);
  // Data whose manifest could be neither put nor taken back is for the next run, which needs the note.
  let isForNextRun = false;
  let blocked: OpsError | undefined;
  try {
    await requireRoom(store, manifest, latest);
    await pending.write(text);
    blocked = await putData(context, store, snapshot, manifest, latest);
    await putManifest(store, scratch, manifest, text).catch(async (error: unknown) => {
      isForNextRun = !(await takeBack(context, store, manifest));
      throw error;
    });
  } finally {
    // How the backup went is the news: a note that stays is looked at and removed by the next run.
    if (!isForNextRun)
      await pending.remove().catch((error: unknown) => context.log.warn(errorMessage(error)));
  }
  context.noteLeft(`${manifest.backup} is complete in the store`);
  context.history.recordBackup({
    name: manifest.backup,
    app: manifest.app,
    runId: context.runId,
    takenAt: manifest.takenAt,
    sizeBytes: manifest.sizeBytes,
    sha256: manifest.sha256,
    state: manifest.suspect.length === 0 ? 'proven' : 'suspect',
  });
  return blocked;
}

/** A remote store that is full is found out before the upload, not at its end. */
async function requireRoom(
  store: Store,
  { app, sizeBytes }: Manifest,
  latest: string | undefined,
): Promise<void> {
  if (!store.isRemote) return; // checked before the snapshot, which lies on the same disk
  const { freeBytes, totalBytes } = await store.space();
  const replacedBytes = latest === undefined ? sizeBytes : ((await store.stat(latest))?.sizeBytes ?? 0);
  const neededBytes = 2 * sizeBytes - replacedBytes;
  if (freeBytes === undefined || freeBytes >= neededBytes) return;
  throw new OpsError(
    'unavailable',
    `cannot store the backup of ${app} in ${store.description}: it is full: ${formatBytes(Math.max(0, neededBytes))} are ` +
      `needed, ${formatBytes(freeBytes)} of ${totalBytes === undefined ? 'it' : formatBytes(totalBytes)} are free`,
    { hint: 'free some space there; the backups made before are untouched, and db-backup prune still works' },
  );
}

async function putData(
  { progress, signal, noteLeft }: JobContext,
  store: Store,
  { digest }: ProvenSnapshot,
  { app, backup }: Manifest,
  latest: string | undefined,
): Promise<OpsError | undefined> {
  const put = async (name: string, replace: boolean) => {
    progress.start(`${app}: storing`, digest.sizeBytes);
    const onProgress = (doneBytes: number) => progress.update(doneBytes);
    await store.put(name, digest, { replace, consume: true, signal, onProgress });
    progress.end();
  };
  const blocked = latest === undefined ? undefined : await put(latest, true).then(() => undefined, asBlocked);
  if (latest === undefined || blocked !== undefined) {
    await put(backup, false);
    return blocked;
  }
  noteLeft(`the latest copy ${latest} is up to date`);
  await store.copy(latest, backup, { expected: digest, signal });
  return undefined;
}

/** Whether it is the one name that is the trouble, and not the store. */
function asBlocked(error: unknown): OpsError {
  if (error instanceof OpsError && (error.kind === 'refused' || error.kind === 'usage')) return error;
  throw error;
}

/** Finishes what a killed run had put into the store without its manifest. Called under the app's lock. */
export async function finishPending(context: JobContext, store: Store, app: GuardedApp): Promise<void> {
  const manifest = await readPending(context, app.name);
  if (manifest === undefined) return;
  const { backup } = manifest;
  const [data, already] = [await store.stat(backup), await store.stat(manifestName(backup))];
  if (data !== undefined && already === undefined) {
    const scratch = await context.scratch(store.stagingDirectory);
    try {
      if (await holdsBytes(context, store, scratch, data, manifest)) {
        await putManifest(store, scratch, manifest, formatManifest(manifest));
        context.log.info('finished the backup of a run that was killed', { backup });
      } else context.log.warn('a backup that a killed run had begun is not what it should be', { backup });
    } finally {
      await scratch.remove();
    }
  }
  await pendingNote(context, app.name).remove();
}

/** Whether an object has the bytes its manifest will vouch for: as the store's own hash says, else by reading it. */
async function holdsBytes(
  { signal }: JobContext,
  store: Store,
  scratch: Scratch,
  data: Stored,
  manifest: Manifest,
): Promise<boolean> {
  if (data.sizeBytes !== manifest.sizeBytes) return false;
  if (data.contentHash !== undefined) return data.contentHash === manifest.contentHash;
  const found = await store.get(data.name, scratch.file('pending.db'), { signal });
  return found.sha256 === manifest.sha256;
}

/** Without its manifest the data is no backup, and it is ours alone: it goes again. Whether it went. */
async function takeBack(context: JobContext, store: Store, { backup }: Manifest): Promise<boolean> {
  try {
    await store.remove(backup);
    return true;
  } catch (error) {
    context.noteLeft(
      `${backup} is in the store without its manifest (${errorMessage(error)}); the next run finishes it`,
    );
    return false;
  }
}

async function putManifest(store: Store, scratch: Scratch, manifest: Manifest, text: string): Promise<void> {
  const path = scratch.file('manifest.json');
  await writeFileAtomically(path, text, { mode: 0o640 });
  await store.put(manifestName(manifest.backup), await digestFile(path), { consume: true });
}

function pendingNote(context: JobContext, app: string): StateNote {
  return stateNote(context, 'pending', app);
}

async function readPending(context: JobContext, app: string): Promise<Manifest | undefined> {
  const note = pendingNote(context, app);
  const text = await note.read();
  if (text === undefined) return undefined;
  try {
    return parseManifest(text, note.path);
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    context.log.warn('the note of a killed run cannot be read and is dropped', {
      path: note.path,
      cause: error.message,
    });
    await note.remove();
    return undefined;
  }
}

// From a proven copy to a backup in the store: data first, manifest last, for the manifest is the commit point.
// Where the latest copy is refreshed too, the bytes go there, and the store copies them to the backup's own name itself:
// a remote store can replace a file only by sending it, and the bytes are to be sent once (P4).
import { formatManifest, type Manifest } from '../../backup/manifest.ts';
import { errorMessage, type OpsError } from '../../base/errors.ts';
import { isSealedName } from '../../backup/name.ts';
import type { FileDigest } from '../../files/digest.ts';
import { removeQuietly } from '../../files/publish-file.ts';
import type { Added, NewBackup } from '../repository.ts';
import { finishPending } from './finish-pending.ts';
import type { RepositoryOptions } from '../options.ts';
import { pendingNote } from './pending.ts';
import { sendLatest } from '../put-latest.ts';
import { putManifest } from '../put-manifest.ts';
import { requireRoomThere } from '../room.ts';
import { manifestText, sealObject, storedObject } from '../sealing.ts';

/** Adds the backup; see the contract. The note is written before anything is put. */
export async function addBackup(options: RepositoryOptions, given: NewBackup): Promise<Added> {
  const { store, log, noteLeft } = options;
  const { refreshLatest, scratch } = given;
  const latest = latestOf(options, refreshLatest);
  formatManifest(given.manifest); // throws where it cannot be written
  await finishPending(options); // its note is the only one, and is about to be another
  await requireRoom(options, { sizeBytes: given.file.sizeBytes, refreshLatest });
  const { file, manifest } = await asStored(options, given);
  const text = await manifestText(options, manifest);
  const pending = pendingNote(options);
  // Data whose manifest could be neither put nor taken back is for the next run, which needs the note.
  let isForNextRun = false;
  let blocked: OpsError | undefined;
  try {
    await pending.write(text);
    blocked = await putData(options, file, manifest, latest);
    await putManifest(store, scratch, manifest, text).catch(async (error: unknown) => {
      isForNextRun = !(await takeBack(options, manifest));
      throw error;
    });
  } finally {
    // How the backup went is the news: a note that stays is looked at and removed by the next run.
    if (!isForNextRun) await pending.remove().catch((error: unknown) => log.warn(errorMessage(error)));
  }
  noteLeft(`${manifest.backup} is complete in the store`);
  const how = { made: 'plain', why: undefined, underWay: undefined } as const;
  return { blocked, manifest, storedBytes: file.sizeBytes, ...how };
}

/** What is put, and its manifest: the copy itself, or what it becomes when it is sealed. */
async function asStored(
  options: RepositoryOptions,
  { file, manifest, scratch }: NewBackup,
): Promise<Pick<NewBackup, 'file' | 'manifest'>> {
  const { seal } = options;
  if (isSealedName(manifest.backup) !== (seal !== undefined))
    throw new Error(
      `${manifest.backup} is ${seal === undefined ? 'not' : ''} to be sealed, and called otherwise`,
    );
  if (seal === undefined) return { file, manifest };
  const sealed = await sealObject(seal, file, scratch.file('sealed.age'), options);
  await removeQuietly(file.path); // it was given away, and the room is needed
  const objects = [storedObject(manifest.backup, sealed)];
  return {
    file: sealed,
    manifest: { ...manifest, stored: { objects, pages: undefined, recipients: [...seal.recipients] } },
  };
}

/** See the contract. With a latest copy the bytes are there twice, and those of the one before no more. */
export async function requireRoom(
  options: RepositoryOptions,
  { sizeBytes, refreshLatest }: { sizeBytes: number; refreshLatest: boolean },
): Promise<void> {
  const { store } = options;
  if (!store.isRemote) return; // checked before the snapshot, which lies on the same disk
  const latest = latestOf(options, refreshLatest);
  const replacedBytes = latest === undefined ? sizeBytes : ((await store.stat(latest))?.sizeBytes ?? 0);
  await requireRoomThere(options, 2 * sizeBytes - replacedBytes);
}

function latestOf({ naming }: RepositoryOptions, refreshLatest: boolean): string | undefined {
  return refreshLatest && naming.latestName !== '' ? naming.latestName : undefined;
}

async function putData(
  options: RepositoryOptions,
  file: FileDigest,
  { app, backup }: Manifest,
  latest: string | undefined,
): Promise<OpsError | undefined> {
  const { store, progress, signal } = options;
  const blocked = latest === undefined ? undefined : await sendLatest(options, file, { consume: true });
  if (latest !== undefined && blocked === undefined) {
    await store.copy(latest, backup, { expected: file, signal });
    return undefined;
  }
  progress.start(`${app}: storing`, file.sizeBytes);
  const onProgress = (doneBytes: number) => progress.update(doneBytes);
  await store.put(backup, file, { consume: true, signal, onProgress });
  progress.end();
  return blocked;
}

/** Without its manifest the data is no backup, and it is ours alone: it goes again. Whether it went. */
async function takeBack({ store, noteLeft }: RepositoryOptions, { backup }: Manifest): Promise<boolean> {
  try {
    await store.remove(backup);
    return true;
  } catch (error) {
    noteLeft(
      `${backup} is in the store without its manifest (${errorMessage(error)}); the next run finishes it`,
    );
    return false;
  }
}

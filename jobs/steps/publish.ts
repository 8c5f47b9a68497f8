// From a proven snapshot to a backup in the store: data first, manifest last, for the manifest is the commit point.
import { formatManifest, type Manifest, parseManifest } from '../../lib/backup/manifest.ts';
import { manifestName } from '../../lib/backup/name.ts';
import { errorMessage, OpsError } from '../../lib/base/errors.ts';
import type { AppConfig } from '../../lib/config/config.ts';
import { writeFileAtomically } from '../../lib/files/durable.ts';
import { digestFile } from '../../lib/files/hash-file.ts';
import type { Scratch } from '../../lib/files/scratch.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Store } from '../../lib/store/store.ts';
import type { ProvenSnapshot } from './snapshot.ts';
import { type StateNote, stateNote } from './state-note.ts';

/** The manifest of a snapshot that will have the name `backup` in the store. */
export async function describeBackup(
  context: JobContext,
  app: AppConfig,
  { source, digest, measured, takenAt }: ProvenSnapshot,
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
    ownership: source.ownership,
    sha256: digest.sha256,
    contentHash: digest.contentHash,
    journalMode: measured.traits.journalMode,
    encoding: measured.traits.encoding,
    integrity: { check, result: 'ok', ...(note === undefined ? {} : { note }) },
    sqliteVersion: measured.traits.sqliteVersion,
    holdfastVersion: context.version,
    runId: context.runId,
    clock: await context.clockState(),
    suspect,
  };
}

/**
 * Puts data, then manifest. Both names become visible whole or not at all. When the manifest cannot be put the data
 * is taken back; when this process dies in between, the next run finds the note in the state directory and finishes.
 */
export async function publishBackup(
  context: JobContext,
  store: Store,
  scratch: Scratch,
  snapshot: ProvenSnapshot,
  manifest: Manifest,
): Promise<void> {
  const { progress, signal } = context;
  const text = formatManifest(manifest);
  const pending = pendingNote(context, manifest.app);
  try {
    await pending.write(text);
    progress.start(`${manifest.app}: storing`, snapshot.digest.sizeBytes);
    await store.put(manifest.backup, snapshot.digest, {
      consume: true,
      signal,
      onProgress: (done) => progress.update(done),
    });
    progress.end();
    await putManifestOrTakeBack(context, store, scratch, manifest, text);
  } finally {
    // How the backup went is the news: a note that stays is looked at and removed by the next run.
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
}

/** Finishes what a killed run had put into the store without its manifest. Called under the app's lock. */
export async function finishPending(context: JobContext, store: Store, app: AppConfig): Promise<void> {
  const manifest = await readPending(context, app.name);
  if (manifest === undefined) return;
  const [data, already] = [
    await store.stat(manifest.backup),
    await store.stat(manifestName(manifest.backup)),
  ];
  if (data !== undefined && already === undefined) {
    const scratch = await context.scratch(store.stagingDirectory);
    try {
      const found = await store.get(manifest.backup, scratch.file('pending.db'), { signal: context.signal });
      if (found.sha256 === manifest.sha256) {
        await putManifest(store, scratch, manifest, formatManifest(manifest));
        context.log.info('finished the backup of a run that was killed', { backup: manifest.backup });
      } else
        context.log.warn('a backup that a killed run had begun is not what it should be', {
          backup: manifest.backup,
        });
    } finally {
      await scratch.remove();
    }
  }
  await pendingNote(context, app.name).remove();
}

/** Without its manifest the data is no backup, and it is ours alone: it goes again. */
async function putManifestOrTakeBack(
  context: JobContext,
  store: Store,
  scratch: Scratch,
  manifest: Manifest,
  text: string,
): Promise<void> {
  try {
    await putManifest(store, scratch, manifest, text);
  } catch (error) {
    await store.remove(manifest.backup).catch((cause: unknown) => {
      context.noteLeft(`${manifest.backup} is in the store without its manifest (${errorMessage(cause)})`);
    });
    throw error;
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

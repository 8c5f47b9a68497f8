// What this machine has sealed, and can not open: the manifests of it, kept in the state directory, so that the next backup can be
// compared with the one before. They say no more than the database does, which lies here as well.
import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Manifest, parseManifest } from '../backup/manifest.ts';
import { requireOwnText, type SealedManifest } from '../backup/sealed-manifest.ts';
import { OpsError } from '../base/errors.ts';
import { ifPathThere } from '../files/if-there.ts';
import { readRecord } from '../files/read-small-file.ts';
import { inStateDirectory } from '../files/state-directory.ts';
import { writeStateNote } from '../files/state-note.ts';
import type { RepositoryOptions } from './options.ts';

type Place = Pick<RepositoryOptions, 'stateDirectory' | 'naming'>;

const manifestBytesMax = 1024 * 1024;

/** Before the sealed one is put. `text` is the manifest as it was sealed. */
export async function rememberManifest(place: Place, { backup }: Manifest, text: string): Promise<void> {
  await writeStateNote(pathOf(place, backup), text);
}

/** What was remembered of this very backup; undefined where nothing was, or of another that had its name. */
export async function rememberedManifest(
  place: Place,
  sealed: SealedManifest,
): Promise<Manifest | undefined> {
  const path = pathOf(place, sealed.backup);
  try {
    const text = await inStateDirectory(`read ${path}`, () => readRecord(path, manifestBytesMax));
    return text === undefined ? undefined : requireOwnText(sealed, parseManifest(text, path));
  } catch (error) {
    if (error instanceof OpsError) return undefined; // it helps, and is never needed
    throw error;
  }
}

/** Forgets what is of no backup among `names`. */
export async function forgetOthers(place: Place, names: Iterable<string>): Promise<void> {
  const directory = directoryOf(place);
  await inStateDirectory(`look into ${directory}`, async () => {
    const kept = new Set([...names].map(fileName));
    const found = (await ifPathThere(readdir(directory))) ?? [];
    for (const name of found.filter((each) => !kept.has(each)))
      await unlink(join(directory, name)).catch(() => undefined);
  });
}

function directoryOf({ stateDirectory, naming }: Place): string {
  return join(stateDirectory, 'sealed', naming.app);
}

function pathOf(place: Place, backup: string): string {
  return join(directoryOf(place), fileName(backup));
}

function fileName(backup: string): string {
  return `${backup.slice(backup.lastIndexOf('/') + 1)}.json`;
}

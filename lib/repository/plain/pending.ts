// The note that a backup is being added: its manifest, kept until it stands, so that the next run finishes it.
import type { Manifest } from '../../backup/manifest.ts';
import { parseAnyManifest, type SealedManifest } from '../../backup/sealed-manifest.ts';
import { OpsError } from '../../base/errors.ts';
import { type StateNote, stateNote } from '../../files/state-note.ts';
import type { RepositoryOptions } from '../options.ts';

/** The note of one app. */
export function pendingNote({
  stateDirectory,
  naming,
}: Pick<RepositoryOptions, 'stateDirectory' | 'naming'>): StateNote {
  return stateNote(stateDirectory, 'pending', naming.app);
}

/** What is to be put, to the letter: what was sealed cannot be made again. */
export interface Pending {
  manifest: Manifest | SealedManifest;
  text: string;
}

/** The manifest in the note; undefined when there is none. One that cannot be read helps nobody, and is dropped. */
export async function readPending(
  options: Pick<RepositoryOptions, 'stateDirectory' | 'naming' | 'log'>,
): Promise<Pending | undefined> {
  const note = pendingNote(options);
  const text = await note.read();
  if (text === undefined) return undefined;
  try {
    return { manifest: parseAnyManifest(text, note.path), text };
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    options.log.warn('the note of a killed run cannot be read and is dropped', {
      path: note.path,
      cause: error.message,
    });
    await note.remove();
    return undefined;
  }
}

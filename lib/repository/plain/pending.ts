// The note that a backup is being added: its manifest, kept until it stands, so that the next run finishes it.
import { type Manifest, parseManifest } from '../../backup/manifest.ts';
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

/** The manifest in the note; undefined when there is none. One that cannot be read helps nobody, and is dropped. */
export async function readPending(
  options: Pick<RepositoryOptions, 'stateDirectory' | 'naming' | 'log'>,
): Promise<Manifest | undefined> {
  const note = pendingNote(options);
  const text = await note.read();
  if (text === undefined) return undefined;
  try {
    return parseManifest(text, note.path);
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

// Where the receiver keeps what is its own.
import { join } from 'node:path';

export function receivePlaces(stateDirectory: string) {
  const directory = join(stateDirectory, 'receive');
  return {
    directory,
    /** Who may send. */
    keys: join(directory, 'keys.json'),
    /** What is remembered of sources. */
    sources: join(directory, 'sources.json'),
    /** Batches that are not whole. */
    staged: join(directory, 'staged'),
  };
}

// Which store was used until now: remembered in the state directory, so that one that vanished, and another one in its place,
// are noticed. Losing the memory is harmless: the next run that stores something remembers anew.
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { errorMessage } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { writeFileAtomically } from '../files/durable.ts';
import { createDirectories } from '../files/make-directories.ts';
import { readRecord } from '../files/read-small-file.ts';
import { parseJsonObject } from '../record/json-object.ts';

/** A store that was used. */
export interface KnownStore {
  /** A directory, or `Dropbox` with the folder there. */
  path: string;
  /** Undefined where it had no id then. */
  id: string | undefined;
}

const bytesMax = 64 * 1024;

/** What is known of the store at `path`; undefined where nobody was before. */
export async function knownStore(stateDirectory: string, path: string): Promise<KnownStore | undefined> {
  return read(fileOf(stateDirectory, path), path);
}

/** The paths of all stores that were used, but for `path`. */
export async function otherStores(stateDirectory: string, path: string): Promise<string[]> {
  const names = await readdir(join(stateDirectory, 'stores')).catch(() => []);
  const known = await Promise.all(names.map((name) => read(join(stateDirectory, 'stores', name), undefined)));
  return known.flatMap((store) => (store === undefined || store.path === path ? [] : [store.path]));
}

/** Remembers the store. That it cannot is a warning: the copies are worth more. */
export async function rememberStore(
  stateDirectory: string,
  { path, id }: KnownStore,
  { clock, log }: { clock: Clock; log: Log },
): Promise<void> {
  try {
    await createDirectories(join(stateDirectory, 'stores'));
    const text = `${JSON.stringify({ path, first_seen: clock.now().toISOString(), id })}\n`;
    await writeFileAtomically(fileOf(stateDirectory, path), text, { toOwner: true });
  } catch (error) {
    log.warn('the store could not be remembered; another one in its place would go unnoticed', {
      reason: errorMessage(error),
    });
  }
}

function fileOf(stateDirectory: string, path: string): string {
  return join(
    stateDirectory,
    'stores',
    `${createHash('sha256').update(path).digest('hex').slice(0, 16)}.json`,
  );
}

/** One that is there and cannot be read still says that somebody was: `path` is then what is known. */
async function read(file: string, path: string | undefined): Promise<KnownStore | undefined> {
  const text = await readRecord(file, bytesMax).catch(() => '');
  if (text === undefined) return undefined;
  const record = parseJsonObject(text);
  const [seen, id] = [record?.['path'], record?.['id']];
  const known = typeof seen === 'string' ? seen : path;
  return known === undefined ? undefined : { path: known, id: typeof id === 'string' ? id : undefined };
}

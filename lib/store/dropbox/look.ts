// Looking what is at a path, with patience where a look contradicts what is known.
import type { StoreName } from '../store.ts';
import type { DropboxAccess } from './access.ts';
import { DropboxFailure } from './failure.ts';
import { NoObject, presentAt, type RemoteFile } from './metadata.ts';
import { pathOf } from './paths.ts';
import type { Seen } from './recent.ts';

/** How long a look that contradicts what is known is not believed, in waits that grow: half a minute together. */
const waitsMs = [250, 500, 1000, 2000, 4000, 8000, 15_000];

/** What is at `path`. A look from before a write of this run is made again; in the end it is believed. */
export async function lookUp(access: DropboxAccess, path: string, signal?: AbortSignal): Promise<Seen> {
  const { recent } = access;
  const isSettled = (seen: Seen) => !recent.contradicts(path, seen) || recent.isRemoved(path);
  const seen = await lookUntil(access, path, isSettled, signal);
  if (!recent.contradicts(path, seen)) return seen;
  // A revision that was removed does not come back: this look is old for certain.
  if (recent.isRemoved(path)) return undefined;
  recent.believe(path);
  return seen;
}

/** Looks at `path` until `isSettled` takes what is there, or the waits are over; returns what was seen last. */
export async function lookUntil(
  access: DropboxAccess,
  path: string,
  isSettled: (seen: Seen) => boolean,
  signal?: AbortSignal,
): Promise<Seen> {
  for (let looks = 0; ; looks += 1) {
    const seen = await lookOnce(access, path, signal);
    if (isSettled(seen) || !(await waitAgain(access, looks, signal))) return seen;
  }
}

/** Waits before another try of what contradicts itself; false where there have been enough, or there is no time left. */
export async function waitAgain(
  { client }: DropboxAccess,
  tries: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const ms = waitsMs[tries];
  return ms !== undefined && (await client.waitWithin(ms, signal));
}

async function lookOnce({ client }: DropboxAccess, path: string, signal?: AbortSignal): Promise<Seen> {
  try {
    return await client.call(
      (calls) => calls.filesGetMetadata({ path }),
      (reply) => presentAt(path, reply),
      { signal },
    );
  } catch (error) {
    if (error instanceof DropboxFailure && (error.has('not_found') || error.has('not_folder')))
      return undefined;
    throw error;
  }
}

/** The file at `path`; undefined when nothing is there that could be an object of ours. */
export async function lookUpFile(
  access: DropboxAccess,
  path: string,
  signal?: AbortSignal,
): Promise<RemoteFile | undefined> {
  const seen = await lookUp(access, path, signal);
  return seen instanceof NoObject ? undefined : seen;
}

/** What is at the path of an object. */
export async function lookUpObject(
  access: DropboxAccess,
  name: StoreName,
  signal?: AbortSignal,
): Promise<Seen> {
  return lookUp(access, pathOf(access.folder, name), signal);
}

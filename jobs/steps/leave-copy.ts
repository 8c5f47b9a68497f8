// A copy of the database for people to look at in the explorer. It is never shown itself: who reads a database holds up the app
// that writes it, a restore refuses what somebody has open, and one in WAL mode wants to be written by its readers as well.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage } from '../../lib/base/errors.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import type { FileDigest } from '../../lib/files/digest.ts';
import { sweepTemporaries, writeInto } from '../../lib/files/durable.ts';
import { digestFile } from '../../lib/files/hash-file.ts';
import { ifThere } from '../../lib/files/if-there.ts';
import { locateDirectory } from '../../lib/files/locate-file.ts';
import { createDirectories } from '../../lib/files/make-directories.ts';
import { requireSpace } from '../../lib/files/space.ts';
import type { JobContext } from '../../lib/run/context.ts';

/**
 * Puts a copy of a proven snapshot in the place of the last one, where the app is to be shown; the same bytes are not written
 * again. That it cannot is a warning: the backup is what the run is for. Called under the app's lock.
 */
export async function leaveCopy(
  context: JobContext,
  { name: app }: GuardedApp,
  snapshot: FileDigest,
): Promise<void> {
  const { config, log, signal } = context;
  if (config.explorer?.apps.includes(app) !== true) return;
  const folder = join(config.stateDirectory, 'explorer', app);
  const name = `${app}.db`;
  try {
    await createDirectories(folder);
    await sweepTemporaries(folder, context.clock.now());
    if (await isSame(join(folder, name), snapshot, signal)) return;
    await requireSpace({
      directory: folder,
      neededBytes: snapshot.sizeBytes,
      purpose: `leave a copy of ${app}`,
    });
    using directory = await locateDirectory(folder);
    const bytes = createReadStream(snapshot.path, { signal, highWaterMark: 1024 * 1024 });
    // For a group, whatever the umask: the explorer runs as another user.
    await writeInto(directory, name, bytes, { mode: 0o640, toOwner: true, isExact: true });
  } catch (error) {
    signal.throwIfAborted();
    log.warn(`${app}: the explorer goes on with its last copy: ${errorMessage(error)}`);
  }
}

async function isSame(
  path: string,
  { sizeBytes, sha256 }: FileDigest,
  signal: AbortSignal,
): Promise<boolean> {
  const there = await ifThere(stat(path));
  if (there?.size !== sizeBytes) return false;
  return (await digestFile(path, { signal })).sha256 === sha256;
}

// Owner, group and mode of a database. A restored file that differs in one of them locks the app out (R5).
import { chmod, chown, stat } from 'node:fs/promises';
import { OpsError, errorCode, systemError } from '../base/errors.ts';
import type { Ownership } from '../record/ownership.ts';
import { wrapped } from './wrapped.ts';

export type { Ownership };

const permissionBits = 0o7777;

/** The ownership of the file at `path`. */
export async function ownershipOf(path: string): Promise<Ownership> {
  const { uid, gid, mode } = await wrapped(`look at ${path}`, () => stat(path));
  return { uid, gid, mode: mode & permissionBits };
}

/**
 * Gives the file owner, group and mode of `like`, which is another file or the values themselves. What is right
 * already is not touched. Throws OpsError `denied`, naming what is needed, when this process may not do it.
 */
export async function applyOwnership(path: string, like: string | Ownership): Promise<void> {
  const wanted = typeof like === 'string' ? await ownershipOf(like) : like;
  const found = await ownershipOf(path);
  if (found.uid !== wanted.uid || found.gid !== wanted.gid) await changeOwner(path, wanted);
  // After the owner, because changing that clears the set-id bits.
  await wrapped(`set the mode of ${path}`, () => chmod(path, wanted.mode));
}

async function changeOwner(path: string, { uid, gid }: Ownership): Promise<void> {
  try {
    await chown(path, uid, gid);
  } catch (error) {
    if (errorCode(error) !== 'EPERM') throw systemError(`give ${path} to ${uid}:${gid}`, error);
    throw new OpsError('denied', `cannot give ${path} to ${uid}:${gid}: only root or that user may`, {
      hint: `run the command as root, or as user ${uid}: with another owner or group the app is locked out`,
      cause: error,
    });
  }
}

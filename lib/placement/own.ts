// What is believed beside a database: only what we made ourselves, and what nobody else may write. The directory is the
// app's user's, who can put anything there under any name (docs/threat-model.md).
import { shellWord } from '../base/shell-word.ts';
import type { BigIntStats } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { OpsError, errorCode } from '../base/errors.ts';
import type { HeldDirectory } from '../files/held-directory.ts';
import { ifThere } from '../files/if-there.ts';
import { emptyDirectory } from '../files/remove-in.ts';
import { readSmallFile } from '../files/read-small-file.ts';
import { wrapped } from './wrapped.ts';

/** Larger than any record, whose lists have four entries. */
const recordBytesMax = 1024 * 1024;

/** The text of a record of ours; undefined where there is none. Throws OpsError `refused` for one that is not ours. */
export async function readOwnRecord(directory: HeldDirectory, name: string): Promise<string | undefined> {
  const called = join(directory.path, name);
  return wrapped(`read ${called}`, async () => {
    const options = { sizeBytesMax: recordBytesMax, follow: false, called };
    const file = await ifThere(readSmallFile(directory.at(name), options)).catch((error: unknown) => {
      if (errorCode(error) !== 'ELOOP') throw error;
      throw new OpsError('refused', `cannot use ${called}: it is a link`, {
        hint: `move it away: mv ${shellWord(called)} /root/`,
      });
    });
    if (file === undefined) return undefined;
    requireOwn(file.status, called);
    return file.bytes.toString('utf8');
  });
}

/** Holds a directory of ours. Throws OpsError `refused` for anything else that has the name, `missing` for nothing. */
export async function holdOwnDirectory(parent: HeldDirectory, name: string): Promise<HeldDirectory> {
  const called = join(parent.path, name);
  return wrapped(`use ${called}`, async () => {
    const directory = await parent.hold(name);
    try {
      requireOwn(await directory.status(), called);
      return directory;
    } catch (error) {
      directory[Symbol.dispose]();
      throw error;
    }
  });
}

/** Removes a directory of ours with all that is in it; one that is gone is fine, one that is not ours is `refused`. */
export async function removeOwnDirectory(parent: HeldDirectory, name: string): Promise<void> {
  await wrapped(`remove ${join(parent.path, name)}`, async () => {
    const directory = await ifThere(parent.hold(name));
    if (directory === undefined) return;
    using held = directory;
    requireOwn(await held.status(), held.path);
    await emptyDirectory(held);
    await ifThere(rmdir(parent.at(name)));
  });
}

/** Whether nobody but this process's user may have made it or written to it. */
function isOwn({ uid, mode }: BigIntStats): boolean {
  return uid === BigInt(process.geteuid?.() ?? 0) && (mode & 0o022n) === 0n;
}

function requireOwn(status: BigIntStats, path: string): void {
  if (isOwn(status)) return;
  const own = process.geteuid?.() ?? 0;
  const others = status.uid === BigInt(own);
  throw new OpsError(
    'refused',
    others
      ? `cannot use ${path}: others may write to it`
      : `cannot use ${path}: it belongs to user ${status.uid}, and only what user ${own} made is believed here`,
    {
      hint: others
        ? `see who did that: ls -la ${shellWord(path)}`
        : `if a restore as that user made it, run the command as that user: sudo -u '#${status.uid}'; else move it away`,
    },
  );
}

/** Whether an error says that what has the name is no directory. */
export function isNoDirectory(error: unknown): boolean {
  return ['ENOTDIR', 'ELOOP'].includes(errorCode(error) ?? '');
}

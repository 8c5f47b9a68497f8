// A database whose directory is gone, with the undo sets that were in it: which one it is, what it has to be, and how it is
// made again.
import { shellWord } from '../base/shell-word.ts';
import { constants } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { errorCode, OpsError, systemError } from '../base/errors.ts';
import { locateDirectory } from '../files/locate-file.ts';
import { createDirectories } from '../files/make-directories.ts';
import type { Ownership } from '../record/ownership.ts';
import { wrapped } from './wrapped.ts';

/** The directory of the database at `path` where it is not there; undefined where it is. Throws OpsError where that cannot be told. */
export async function missingDirectory(path: string): Promise<string | undefined> {
  const directory = dirname(resolve(path));
  try {
    using found = await locateDirectory(directory);
    void found;
    return undefined;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return directory;
    throw systemError(`use ${directory}`, error);
  }
}

/**
 * How the directory of a database with this ownership has to be: SQLite makes files beside it, so whoever may write the
 * database may write there, and what is made there belongs to its group.
 */
export function directoryFor({ uid, gid, mode }: Ownership): Ownership {
  const of = (shift: number) => {
    const bits = (mode >> shift) & 0o6;
    return bits === 0 ? 0 : (bits & 0o2) !== 0 ? 0o7 : 0o5;
  };
  const group = of(3);
  return { uid, gid, mode: (group === 0o7 ? 0o2000 : 0) | 0o700 | (group << 3) | (of(0) & 0o5) };
}

/**
 * Makes it, with those above it that are missing. Throws OpsError `refused` where something has the name by now, `denied`
 * where this process may not make it or give it away; then nothing of it is left.
 */
export async function makeDatabaseDirectory(path: string, wanted: Ownership): Promise<void> {
  await createDirectories(dirname(path), 0o755);
  await wrapped(`make the directory ${path}`, async () => {
    using parent = await locateDirectory(dirname(path));
    const name = basename(path);
    await mkdir(parent.at(name), { mode: 0o700 });
    using made = await parent.hold(name);
    const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
    await using handle = await open(made.at('.'), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    // One that is not ours or not empty is another that was put in its place.
    const { uid } = await handle.stat();
    if (uid !== process.geteuid?.() || (await made.names()).length > 0)
      throw new OpsError('refused', `cannot use ${join(parent.path, name)}: somebody else put it there`, {
        hint: `see whose it is: ls -ld ${shellWord(path)}`,
      });
    await handle.chown(wanted.uid, wanted.gid);
    await handle.chmod(wanted.mode); // after the owner, because changing that clears bits
    await parent.sync();
  });
}

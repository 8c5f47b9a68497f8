// The exchange itself. Every instant of it leaves a whole database in place, because the old content is brought
// into one file before anything is taken from beside it:
//
//   old + -wal     the old content
//   merged + -wal  the same: replaying a -wal, or rolling back a journal, over what already holds it changes nothing
//   merged         the same
//   new            the new content, and at no time is a file of the old set beside it
import { rename, unlink } from 'node:fs/promises';
import { OpsError, errorCode, systemError } from '../base/errors.ts';
import { publishFile } from '../files/publish-file.ts';
import { inspectSet, memberAt, memberPath, type SetPlace, sideSuffixes } from './database-set.ts';
import type { Intent } from './intent.ts';
import { wrapped } from './wrapped.ts';

/**
 * Puts `staged` in the place of the set at `target`, alone and durable when it returns. The undo set exists,
 * nobody uses the database, and nothing was written to it since `old`. `merged` is the file that equals the
 * old set, undefined when it needs none or when it is too damaged to have one. Both are paths for this process.
 */
export async function exchange(
  target: SetPlace,
  { old }: Pick<Intent, 'old'>,
  staged: string,
  merged: string | undefined,
): Promise<void> {
  const { directory } = target;
  if (merged !== undefined) {
    await replace(merged, target);
    await directory.sync(); // before a -wal goes that only `merged` makes superfluous
  }
  for (const suffix of sideSuffixes) {
    if (!old.has(suffix)) continue;
    await wrapped(`remove ${memberPath(target, suffix)}`, () => unlink(memberAt(target, suffix)));
    // Each for itself: a power cut that kept a journal and lost the -wal would bring back pages of before.
    await directory.sync();
  }
  await requireNoSideFiles(target);
  if (old.has('')) await replace(staged, target);
  else await publishFile(staged, memberAt(target), { replace: false });
  await directory.sync();
}

/** Throws OpsError `refused` when a side file lies beside `place`: it would be taken for one of the new database. */
export async function requireNoSideFiles(
  place: SetPlace,
  hint = 'it belongs to another database; stop the program that made it, or move it away',
): Promise<void> {
  const set = await inspectSet(place);
  const suffix = sideSuffixes.find((name) => set.has(name));
  if (suffix === undefined) return;
  throw new OpsError(
    'refused',
    `cannot place a database at ${memberPath(place)}: ${memberPath(place, suffix)} is there`,
    { hint },
  );
}

async function replace(from: string, target: SetPlace): Promise<void> {
  try {
    await rename(from, memberAt(target));
  } catch (error) {
    const mounted = errorCode(error) === 'EBUSY';
    throw systemError(
      `replace ${memberPath(target)}`,
      error,
      mounted ? { hint: 'it is a mount point of its own; mount its directory instead' } : {},
    );
  }
}

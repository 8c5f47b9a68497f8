// The exchange itself. Every instant of it leaves a whole database in place, because the old content is brought
// into one file before anything is taken from beside it:
//
//   old + -wal     the old content
//   merged + -wal  the same: replaying a -wal, or rolling back a journal, over what already holds it changes nothing
//   merged         the same
//   new            the new content, and at no time is a file of the old set beside it
import { rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OpsError, errorCode, systemError } from '../base/errors.ts';
import { publishFile } from '../files/publish-file.ts';
import { syncDirectory } from '../files/sync.ts';
import { inspectSet, sideSuffixes } from './database-set.ts';
import type { Intent } from './intent.ts';
import { wrapped } from './wrapped.ts';

/**
 * Puts `staged` in the place of the set at `intent.target`, alone and durable when it returns. The undo set exists,
 * nobody uses the database, and nothing was written to it since `intent.old`. `merged` is the file that equals the
 * old set, undefined when it needs none or when it is too damaged to have one.
 */
export async function exchange(intent: Intent, staged: string, merged: string | undefined): Promise<void> {
  const { target } = intent;
  if (merged !== undefined) {
    await replace(merged, target);
    await syncDirectory(dirname(target)); // before a -wal goes that only `merged` makes superfluous
  }
  for (const suffix of sideSuffixes) {
    const path = `${target}${suffix}`;
    if (intent.old.has(suffix)) await wrapped(`remove ${path}`, () => unlink(path));
  }
  await syncDirectory(dirname(target)); // before the new database comes to where they were
  await requireNoSideFiles(target);
  if (intent.old.has('')) await replace(staged, target);
  else await publishFile(staged, target, { replace: false });
  await syncDirectory(dirname(target));
}

/** Throws OpsError `refused` when a side file lies at `path`: it would be taken for one of the new database. */
export async function requireNoSideFiles(path: string): Promise<void> {
  const set = await inspectSet(path);
  const suffix = sideSuffixes.find((name) => set.has(name));
  if (suffix === undefined) return;
  throw new OpsError('refused', `cannot place a database at ${path}: ${path}${suffix} is there`, {
    hint: 'it belongs to another database; stop the program that made it, or move it away',
  });
}

async function replace(from: string, target: string): Promise<void> {
  try {
    await rename(from, target);
  } catch (error) {
    const mounted = errorCode(error) === 'EBUSY';
    throw systemError(
      `replace ${target}`,
      error,
      mounted ? { hint: 'it is a mount point of its own; mount its directory instead' } : {},
    );
  }
}

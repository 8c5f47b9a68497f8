// What has to be so before a database is placed.
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OpsError } from '../base/errors.ts';
import { attempt } from './attempt.ts';
import { requireAlone } from './database-set.ts';
import { type FileMark, fileMark } from './file-mark.ts';
import { describeInterrupted } from './recovery.ts';

/**
 * Throws OpsError `refused` when a placement on `target` is not settled. One whose database is in place may be
 * followed by another, such as its own undo.
 */
export async function requireSettled(target: string): Promise<void> {
  const interruption = await describeInterrupted(target);
  if (interruption === undefined || interruption.inPlace === 'new') return;
  throw new OpsError('refused', `cannot place a database at ${target}: an earlier restore was interrupted`, {
    hint: 'settle it first: run restore again and it finishes or undoes the earlier one',
  });
}

/** Throws OpsError `refused` unless `staged` is one file, on the file system of `target`. */
export async function requireReady(staged: string, target: string): Promise<void> {
  await requireAlone(staged);
  const [file, directory] = await attempt(`look at ${staged}`, () =>
    Promise.all([stat(staged), stat(dirname(target))]),
  );
  if (file.dev === directory.dev) return;
  throw new OpsError('refused', `cannot place ${staged}: it is not on the file system of ${target}`, {
    hint: `make it ready in ${dirname(target)}: only there is the last step atomic`,
  });
}

/** The mark of a file that has to be there; OpsError `missing` when it is not. */
export async function requireMark(path: string): Promise<FileMark> {
  const mark = await fileMark(path);
  if (mark !== undefined) return mark;
  throw new OpsError('missing', `cannot place ${path}: it is not there`);
}

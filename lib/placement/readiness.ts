// What has to be so before a database is placed.
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OpsError } from '../base/errors.ts';
import { formatCount } from '../base/format.ts';
import type { Log } from '../base/log.ts';
import { memberPaths, requireAlone } from './database-set.ts';
import { type FileMark, fileMark } from './file-mark.ts';
import { type Holder, findHolders } from './holders.ts';
import { describeInterrupted } from './recovery.ts';
import { wrapped } from './wrapped.ts';

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
  const [file, directory] = await wrapped(`look at ${staged}`, () =>
    Promise.all([stat(staged), stat(dirname(target))]),
  );
  if (file.dev === directory.dev) return;
  throw new OpsError('refused', `cannot place ${staged}: it is not on the file system of ${target}`, {
    hint: `make it ready in ${dirname(target)}: only there is the last step atomic`,
  });
}

/**
 * R7: what somebody wrote afterwards would go to the old database. Throws OpsError `refused`, naming the first of
 * them, when another process holds a file of the database at `path` open. A process of another user that cannot be
 * looked into is a warning, not a refusal.
 */
export async function requireNoHolders(path: string, log: Log): Promise<void> {
  const { holders, partial } = await findHolders(memberPaths(path));
  const [first, ...others] = [...new Map(holders.map((holder) => [holder.pid, holder])).values()];
  if (first !== undefined) throw heldOpen(path, first, others.length);
  if (partial) log.warn('cannot see every process: one of another user may hold the database open', { path });
}

/** The mark of a file that has to be there; OpsError `missing` when it is not. */
export async function requireMark(path: string): Promise<FileMark> {
  const mark = await fileMark(path);
  if (mark !== undefined) return mark;
  throw new OpsError('missing', `cannot place ${path}: it is not there`);
}

function heldOpen(path: string, { pid, command }: Holder, others: number): OpsError {
  const more = others === 0 ? '' : ` and ${formatCount(others, 'other process', 'other processes')}`;
  const process = pid > 0 ? `${command} (process ${pid})` : 'a process of another container';
  return new OpsError('refused', `cannot replace ${path}: ${process}${more} has it open`, {
    hint: `stop it first; fuser -v ${path} shows what uses the database`,
  });
}

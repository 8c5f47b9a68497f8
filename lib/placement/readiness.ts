// What has to be so before a database is placed.
import { OpsError } from '../base/errors.ts';
import { formatCount } from '../base/format.ts';
import type { Log } from '../base/log.ts';
import { memberPath, requireAlone, type SetPlace } from './database-set.ts';
import { type FileMark, fileMark } from './file-mark.ts';
import { type Holder, findHolders } from './holders.ts';
import { describeInterrupted } from './recovery.ts';

/**
 * Throws OpsError `refused` when a placement on `target` is not settled. One whose database is in place may be
 * followed by another, such as its own undo.
 */
export async function requireSettled(target: SetPlace): Promise<void> {
  const interruption = await describeInterrupted(target);
  if (interruption === undefined || interruption.inPlace === 'new') return;
  throw new OpsError(
    'refused',
    `cannot place a database at ${memberPath(target)}: an earlier restore was interrupted`,
    {
      hint: 'settle it first: run restore again and it finishes or undoes the earlier one',
    },
  );
}

/** Throws OpsError `refused` unless what is staged is one file, on the file system of `target`. */
export async function requireReady(staged: SetPlace, target: SetPlace): Promise<void> {
  await requireAlone(staged);
  const from = await staged.directory.status();
  const to = await target.directory.status();
  if (from.dev === to.dev) return;
  throw new OpsError(
    'refused',
    `cannot place ${memberPath(staged)}: it is not on the file system of ${memberPath(target)}`,
    { hint: `make it ready in ${target.directory.path}: only there is the last step atomic` },
  );
}

/**
 * R7: what somebody wrote afterwards would go to the old database. Throws OpsError `refused`, naming the first of
 * them, when another process holds a file of the database open. A process of another user that cannot be
 * looked into is a warning, not a refusal.
 */
export async function requireNoHolders(place: SetPlace, log: Log): Promise<void> {
  const path = memberPath(place);
  const { holders, partial } = await findHolders(place);
  const [first, ...others] = [...new Map(holders.map((holder) => [holder.pid, holder])).values()];
  if (first !== undefined) throw heldOpen(path, first, others.length);
  if (partial) log.warn('cannot see every process: one of another user may hold the database open', { path });
}

/** The mark of a file that has to be there; OpsError `missing` when it is not. */
export async function requireMark(path: string, called: string): Promise<FileMark> {
  const mark = await fileMark(path, called);
  if (mark !== undefined) return mark;
  throw new OpsError('missing', `cannot place ${called}: it is not there`);
}

function heldOpen(path: string, { pid, command }: Holder, others: number): OpsError {
  const more = others === 0 ? '' : ` and ${formatCount(others, 'other process', 'other processes')}`;
  const process = pid > 0 ? `${command} (process ${pid})` : 'a process of another container';
  return new OpsError('refused', `cannot replace ${path}: ${process}${more} has it open`, {
    hint: `stop it first; fuser -v ${path} shows what uses the database`,
  });
}

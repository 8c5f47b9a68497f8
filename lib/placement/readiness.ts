// What has to be so before a database is placed.
import { shellWord } from '../base/shell-word.ts';
import { lstat } from 'node:fs/promises';
import { OpsError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { borrowed } from '../files/borrowed.ts';
import { ifThere } from '../files/if-there.ts';
import { requireSpace } from '../files/space.ts';
import {
  type DatabaseSet,
  isSpread,
  memberAt,
  memberPath,
  memberSuffixes,
  requireAlone,
  setSizeBytes,
  type SetPlace,
} from './database-set.ts';
import { type FileMark, fileMark } from './file-mark.ts';
import { type OpenIn, processesOf, processWords, stopCommand } from './holder-words.ts';
import { findHolders } from './holders.ts';
import { describeInterrupted } from './recovery.ts';
import { wrapped } from './wrapped.ts';

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
      hint: 'settle it first: restore undo --discard',
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
 * R7: what somebody wrote afterwards would go to the old database. Throws OpsError `refused`, naming all of
 * them, when another process holds a file of the database open. A process of another user that cannot be
 * looked into is a warning, not a refusal.
 */
export async function requireNoHolders(place: SetPlace, log: Log): Promise<void> {
  const path = memberPath(place);
  const { holders, partial } = await findHolders(place);
  if (holders.length > 0) throw heldOpen(path, processesOf(holders));
  if (partial) log.warn('cannot see every process: one of another user may hold the database open', { path });
}

/**
 * Throws OpsError `refused` when a member of the set may be a file of somebody else: its bytes would be copied, and be the
 * app's afterwards.
 */
export async function requireOrdinary(place: SetPlace): Promise<void> {
  const directory = await place.directory.status();
  for (const suffix of memberSuffixes) {
    const path = memberPath(place, suffix);
    const status = await wrapped(`look at ${path}`, () =>
      ifThere(lstat(memberAt(place, suffix), { bigint: true })),
    );
    const flaw = status === undefined ? undefined : borrowed(status, directory);
    if (flaw !== undefined)
      throw new OpsError('refused', `cannot replace ${memberPath(place)}: ${path} ${flaw}`, {
        hint: `SQLite would not have made that; see whose it is: ls -l ${shellWord(memberPath(place))}*`,
      });
  }
}

/** Throws OpsError `io` where the copies of a set that is spread over several files do not fit: see `makeUndoSet`, `mergeCopy`. */
export async function requireRoomForCopies({ directory, name }: SetPlace, set: DatabaseSet): Promise<void> {
  if (!isSpread(set)) return;
  const purpose = `keep ${name} and make one file of it`;
  await requireSpace({ directory: directory.path, neededBytes: 2 * setSizeBytes(set), purpose });
}

/** The mark of a file that has to be there; OpsError `missing` when it is not. */
export async function requireMark(path: string, called: string): Promise<FileMark> {
  const mark = await fileMark(path, called);
  if (mark !== undefined) return mark;
  throw new OpsError('missing', `cannot place ${called}: it is not there`);
}

function heldOpen(path: string, processes: readonly OpenIn[]): OpsError {
  const [only = '', ...others] = processes.map(processWords);
  const isOne = others.length === 0;
  const who = isOne ? `${only} has it open` : `${processes.length} processes have it open`;
  const stop = stopCommand(processes);
  return new OpsError('refused', `cannot replace ${path}: ${who}`, {
    hint: `stop ${isOne ? 'it' : 'them'} first${stop === undefined ? `; fuser -v ${shellWord(path)} shows what uses the database` : `: ${stop}`}`,
    lines: isOne ? [] : [only, ...others].map((line) => `  ${line}`),
  });
}

// The lock that another program takes for the same work, such as the script that was there before Holdfast: while its timer is
// still there, neither begins what the other does. It may lie in a directory where anybody makes files, /tmp: see
// docs/decisions/lock-of-another-program.md.
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { CommandRunner } from '../base/command.ts';
import { errorCode, OpsError, systemError } from '../base/errors.ts';
import { shellWord } from '../base/shell-word.ts';
import { ifThere } from '../files/if-there.ts';
import { locateDirectory } from '../files/locate-file.ts';
import { type Hold, takeKernelLock } from './kernel-lock.ts';

/** Where it is. */
export interface OtherLock {
  /** Of the file that the other program gives to flock(1). */
  path: string;
  /** The group that may lock it, where root makes it; root's own unless given. */
  group?: number | undefined;
}

interface OtherRequest extends OtherLock {
  /** What is locked, as messages name it. */
  lock: string;
  run: CommandRunner;
  signal: AbortSignal | undefined;
}

const { O_RDONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;

/**
 * Takes it, or throws OpsError `busy` at once. The file is made where it is missing, and never written, truncated or removed. Throws
 * `refused` where something else has its name, which anybody may have put there, and `denied` where it may not be opened: a run
 * that did not happen is told, whoever kept it from happening.
 */
export async function holdOtherLock({ path, group, lock, run, signal }: OtherRequest): Promise<Hold> {
  let owner: number | undefined;
  const opened = async () => {
    const file = (await openExisting(path)) ?? (await create(path, group));
    owner = (await file.stat()).uid;
    return file;
  };
  const answer = await takeKernelLock({ path, open: opened, run, signal, holderIsDead: async () => false });
  if (answer === 'busy') throw busy(lock, path, owner);
  // Without flock(1) the other program has none either.
  return answer === 'no-flock' ? nothingHeld : answer;
}

/** For a run that is only tried: the same without making or holding anything. */
export async function requireOtherLockFree(request: OtherRequest): Promise<void> {
  const existing = await openExisting(request.path);
  if (existing === undefined) return;
  await existing.close();
  await (await holdOtherLock(request)).free(false);
}

const nothingHeld: Hold = { signal: new AbortController().signal, free: async () => undefined };

/** Undefined where there is none. A link is not followed, a pipe not waited for, and a second name of another file not locked. */
async function openExisting(path: string): Promise<FileHandle | undefined> {
  const file = await inDirectory(path, (at) => ifThere(open(at, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)));
  if (file === undefined) return undefined;
  const status = await file.stat();
  if (status.isFile() && status.nlink <= 1) return file;
  await file.close();
  throw notPlain(path, status.isFile() ? 'it is another file as well (a hard link)' : 'it is no plain file');
}

/**
 * Made as what the other program can open: in a sticky directory, where the kernel lets nobody open with O_CREAT what belongs to
 * somebody else (fs.protected_regular), that is root's, or who runs both.
 */
async function create(path: string, group: number | undefined): Promise<FileHandle> {
  const made = await inDirectory(path, async (at) => {
    try {
      return await open(at, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o660);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
      return undefined; // another process made it between the two
    }
  });
  if (made === undefined) return (await openExisting(path)) ?? create(path, group);
  if (process.geteuid?.() === 0 && group !== undefined) await made.chown(0, group);
  await made.chmod(0o660); // the umask
  return made;
}

/** Through the directory, held: whoever may exchange it leads nobody elsewhere. */
async function inDirectory<T>(path: string, work: (at: string) => Promise<T>): Promise<T> {
  try {
    using held = await locateDirectory(dirname(path));
    return await work(held.at(basename(path)));
  } catch (error) {
    if (errorCode(error) === 'ELOOP') throw notPlain(path, 'it is a symbolic link', error);
    throw systemError(`open the lock of another program ${path}`, error, {
      hint: `ls -l ${shellWord(path)} shows whose it is; where no other program needs it any more, take lock_file out of the configuration`,
    });
  }
}

function notPlain(path: string, words: string, cause?: unknown): OpsError {
  const hint = `find out who put it there, and remove it: ls -l ${shellWord(path)}`;
  return new OpsError('refused', `cannot use the lock of another program ${path}: ${words}`, { hint, cause });
}

/** In a directory like /tmp anybody may have made it, and hold it. */
function busy(lock: string, path: string, owner: number | undefined): OpsError {
  const whose = owner === undefined || owner === 0 ? '' : `, a file of user ${owner}`;
  return new OpsError('busy', `cannot lock ${lock}: another program holds ${path}${whose}`, {
    hint: `fuser -v ${shellWord(path)} shows which; try again when it has ended`,
  });
}

// The lock proper: the kernel's flock(2), taken through flock(1) on a descriptor that this process holds.
// See docs/decisions/lock-by-inherited-descriptor.md.
import type { FileHandle } from 'node:fs/promises';
import type { CommandRunner } from '../base/command.ts';
import { OpsError } from '../base/errors.ts';
import { isStillThere } from './lock-file.ts';

/** What holds a lock, whichever way it was taken. */
export interface Hold {
  /** Aborts when the lock is lost while it is held. */
  signal: AbortSignal;
  /** Lets go. Called once. `takenByOther` says that another holder has left its name since. */
  free(takenByOther: boolean): Promise<void>;
}

export interface KernelLockRequest {
  path: string;
  /** Opens the file at that path, made where it is missing. */
  open: () => Promise<FileHandle>;
  run: CommandRunner;
  signal: AbortSignal | undefined;
  /** Asked when the lock is taken: whether its holder is dead, so that the kernel is about to free it. */
  holderIsDead: () => Promise<boolean>;
}

const conflictExitCode = 75;
const deadHolderWaitSeconds = 3;
const attemptsMax = 5;

/** Node closes a file that nobody refers to any more, and with it would go the lock. */
const held = new Set<FileHandle>();

/**
 * Takes the lock, or says `busy`, or `no-flock` where flock(1) is not installed. Waits only for a holder that is dead
 * already. The kernel frees the lock the instant this process ends, however it ends.
 */
export async function takeKernelLock(request: KernelLockRequest): Promise<Hold | 'busy' | 'no-flock'> {
  const { path, open } = request;
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const file = await open();
    try {
      const answer = await lockOpenFile(file, request);
      if (answer !== 'taken') return answer;
      if (await isStillThere(file, path)) {
        held.add(file);
        return { signal: new AbortController().signal, free: () => letGo(file) };
      }
    } finally {
      if (!held.has(file)) await file.close();
    }
  }
  throw new OpsError('io', `cannot use the lock ${path}: something keeps removing it`);
}

async function letGo(file: FileHandle): Promise<void> {
  await file.close();
  held.delete(file);
}

async function lockOpenFile(
  { fd }: FileHandle,
  { run, signal, holderIsDead }: KernelLockRequest,
): Promise<'taken' | 'busy' | 'no-flock'> {
  const answer = await flock(run, fd, ['--nonblock'], { timeoutMs: 10_000, signal });
  if (answer !== 'busy' || !(await holderIsDead())) return answer;
  const patience = ['--timeout', String(deadHolderWaitSeconds)];
  return flock(run, fd, patience, { timeoutMs: 10_000 + deadHolderWaitSeconds * 1000, signal });
}

/** The lock belongs to the open file, which flock(1) shares with us as its descriptor 3: it stays when flock(1) ends. */
async function flock(
  run: CommandRunner,
  fd: number,
  patience: readonly string[],
  limits: { timeoutMs: number; signal: AbortSignal | undefined },
) {
  try {
    const { exitCode } = await run(
      'flock',
      [...patience, '--conflict-exit-code', String(conflictExitCode), '3'],
      { inheritFd: fd, acceptExitCodes: [0, conflictExitCode], ...limits },
    );
    return exitCode === conflictExitCode ? 'busy' : 'taken';
  } catch (error) {
    if (error instanceof OpsError && error.kind === 'missing') return 'no-flock';
    throw error;
  }
}

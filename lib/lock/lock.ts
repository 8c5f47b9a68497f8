// One run at a time. Whoever works on an app's database holds the app's lock, and a shell script can share it:
//   flock --nonblock /run/holdfast/locks/ctv.lock sqlite3 production.db …
import { existsSync } from 'node:fs';
import { shellWord } from '../base/shell-word.ts';
import type { Clock } from '../base/clock.ts';
import type { CommandRunner } from '../base/command.ts';
import { errorMessage, OpsError } from '../base/errors.ts';
import { formatInstant } from '../base/format.ts';
import type { Log } from '../base/log.ts';
import { currentProcess } from '../files/process-identity.ts';
import { takeHeartbeatLock } from './heartbeat-lock.ts';
import { takeKernelLock, type Hold } from './kernel-lock.ts';
import { lockPath, openLockFile } from './lock-file.ts';
import { lockName, type LockSubject } from './lock-name.ts';
import { holdOtherLock, type OtherLock, requireOtherLockFree } from './other-lock.ts';
import { compareOwner, readOwner, removeOwner, writeOwner, type OwnerRecord } from './owner.ts';

export interface LockRequest extends LockSubject {
  /** Where locks are: `/run/holdfast/locks`. Created when it is missing. */
  directory: string;
  /** What for, as another run's message will name it: `db-backup run`. */
  purpose: string;
  runId: string;
  /** The lock that another program takes for the same work: it is held as well. */
  other?: OtherLock | undefined;
  run: CommandRunner;
  /** Ends the wait for a holder that is dying. */
  signal?: AbortSignal | undefined;
  clock: Clock;
  log: Log;
}

/** That a run of ours has the lock, and which. */
export class HeldByRun extends OpsError {
  /** As it named itself: `db-backup run`. */
  readonly purpose: string;

  constructor(lock: string, { purpose, pid, host, since }: OwnerRecord['owner']) {
    super(
      'busy',
      `cannot lock ${lock}: ${purpose} (pid ${pid} on ${host}) has held it since ${formatInstant(since)}`,
      { hint: `ps -fp ${pid} or systemctl status ${pid} shows it; try again when it has ended` },
    );
    this.purpose = purpose;
  }
}

/** A lock that this process holds until `release`, or until it ends, however it ends. */
export interface HeldLock extends AsyncDisposable {
  readonly path: string;
  /**
   * Aborts when the lock is lost, with an OpsError as its reason: work has to stop. Never happens where flock(1)
   * exists.
   */
  readonly signal: AbortSignal;
  /** Lets go. The second call does nothing. */
  release(): Promise<void>;
}

/**
 * Takes the lock or throws OpsError `busy` at once, naming the holder; it does not queue. Two locks of one process
 * exclude each other as well, but neither an app's lock and that of a scope of it. Throws `denied` when the directory
 * may not be written, `refused` when the lock's path is a symbolic link, `usage` for a subject that is none,
 * and the signal's reason when it aborts; of the other program's lock what `holdOtherLock` throws.
 */
export async function acquireLock(subject: LockRequest): Promise<HeldLock> {
  const request = { ...subject, lock: lockName(subject) };
  const { directory, lock, log } = request;
  const path = lockPath(directory, lock);
  const own = await take(request, path);
  const hold = await withOther(request, own);
  const ownerText = await nameOwner(request);
  log.debug('holding the lock', { lock: path });
  let released: Promise<void> | undefined;
  const release = () => (released ??= letGo(request, hold, ownerText));
  return { path, signal: hold.signal, release, [Symbol.asyncDispose]: release };
}

/**
 * For a run that is only tried: throws OpsError `busy` as `acquireLock` would, but makes nothing and holds nothing.
 */
export async function requireLockFree(subject: LockRequest): Promise<HeldLock> {
  const { directory, run, signal, other } = subject;
  const lock = lockName(subject);
  const path = lockPath(directory, lock);
  const isHeld = existsSync(path) && (await isHeldByKernel(run, path, signal));
  const record = await readOwner(directory, lock);
  if (isHeld || record?.alive === true) throw busyError(lock, path, record);
  if (other !== undefined) await requireOtherLockFree({ ...other, lock, run, signal });
  const release = () => Promise.resolve();
  return { path, signal: new AbortController().signal, release, [Symbol.asyncDispose]: release };
}

async function isHeldByKernel(
  run: CommandRunner,
  path: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    const options = { acceptExitCodes: [0, 1], signal };
    return (await run('flock', ['--nonblock', path, 'true'], options)).exitCode === 1;
  } catch (error) {
    if (error instanceof OpsError) return false; // no flock(1), or not ours to open: the owner file has to say
    throw error;
  }
}

/** A request whose lock has its name. */
interface NamedRequest extends LockRequest {
  lock: string;
}

/** Ours first: who waits for neither is told of ours by its holder's name. */
async function withOther({ lock, other, run, signal }: NamedRequest, own: Hold): Promise<Hold> {
  if (other === undefined) return own;
  try {
    const held = await holdOtherLock({ ...other, lock, run, signal });
    return {
      signal: own.signal,
      async free(takenByOther) {
        await held.free(false).finally(() => own.free(takenByOther));
      },
    };
  } catch (error) {
    await own.free(false);
    throw error;
  }
}

async function take({ directory, lock, run, signal, log }: NamedRequest, path: string): Promise<Hold> {
  const holderIsDead = async () => (await readOwner(directory, lock))?.alive === false;
  const kernel = await takeKernelLock({
    path,
    open: () => openLockFile(directory, path),
    run,
    signal,
    holderIsDead,
  });
  if (kernel === 'busy') throw busyError(lock, path, await readOwner(directory, lock));
  if (kernel !== 'no-flock') return kernel;
  const heartbeat = await takeHeartbeatLock({ directory, path, name: lock, log });
  if (heartbeat !== 'busy') return heartbeat;
  const record = await readOwner(directory, lock);
  throw record?.alive === false ? fadingError(lock, record) : busyError(lock, path, record);
}

/** Nobody needs the owner file to be safe: without it the lock is held by "another program". */
async function nameOwner({
  directory,
  lock,
  purpose,
  runId,
  clock,
  log,
}: NamedRequest): Promise<string | undefined> {
  try {
    return await writeOwner(directory, lock, { ...currentProcess(), purpose, runId, since: clock.now() });
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    log.warn('the lock is held without a name', { reason: errorMessage(error) });
    // Whatever was written is not to outlive us: it would name us as the holder.
    await removeOwner(directory, lock).catch(() => undefined);
    return undefined;
  }
}

/** The owner file goes first: once the lock is free, the file that is there may be the next holder's. */
async function letGo(
  { directory, lock, log }: NamedRequest,
  hold: Hold,
  text: string | undefined,
): Promise<void> {
  let takenByOther = false;
  try {
    const whose = await compareOwner(directory, lock, text);
    takenByOther = whose === 'other';
    if (whose === 'ours') await removeOwner(directory, lock);
  } catch (error) {
    log.warn('the owner file of the lock stays behind', { reason: errorMessage(error) });
  } finally {
    await hold.free(takenByOther);
  }
}

function busyError(lock: string, path: string, record: OwnerRecord | undefined): OpsError {
  if (record?.alive !== true) {
    return new OpsError('busy', `cannot lock ${lock}: another program (no owner file) holds it`, {
      hint: `fuser -v ${shellWord(path)} shows which; try again when it has ended`,
    });
  }
  return new HeldByRun(lock, record.owner);
}

function fadingError(lock: string, { owner: { purpose, pid } }: OwnerRecord): OpsError {
  return new OpsError('busy', `cannot lock ${lock}: ${purpose} (pid ${pid}) died while it held the lock`, {
    hint: 'the lock frees itself within a minute; try again then',
  });
}

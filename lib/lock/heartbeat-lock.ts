// The lock where flock(1) does not exist: a directory that its holder keeps fresh. The only importer of
// proper-lockfile. Weaker than the kernel's lock: a holder that died is believed in for a minute, and one that stood
// still for a minute (a suspended laptop) loses the lock. The latter it notices, and `signal` aborts.
import { join } from 'node:path';
import { errorCode, errorMessage, OpsError, systemError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Hold } from './kernel-lock.ts';

export interface HeartbeatLockRequest {
  directory: string;
  /** The lock's file; what is kept fresh is `<name>.heartbeat` beside it, which no lock's file can be. */
  path: string;
  name: string;
  log: Log;
}

const staleMs = 60_000;
const updateMs = 5000;
const warned = new WeakSet<Log>();

/** Takes the lock or says `busy`. Warns once per log that this kind of lock is used. */
export async function takeHeartbeatLock(request: HeartbeatLockRequest): Promise<Hold | 'busy'> {
  const { directory, path, name, log } = request;
  warnOnce(log);
  const { lock } = await import('proper-lockfile');
  const lost = new AbortController();
  try {
    const release = await lock(path, {
      stale: staleMs,
      update: updateMs,
      realpath: false,
      lockfilePath: join(directory, `${name}.heartbeat`),
      onCompromised: (error) => {
        log.error('the lock is lost', { lock: path, reason: errorMessage(error) });
        lost.abort(lostError(name, error));
      },
    });
    return {
      signal: lost.signal,
      async free(takenByOther) {
        // proper-lockfile would remove the directory of whoever has it by now.
        if (!lost.signal.aborted && !takenByOther) await release();
      },
    };
  } catch (error) {
    if (errorCode(error) === 'ELOCKED') return 'busy';
    throw systemError(`lock ${name}`, error);
  }
}

function warnOnce(log: Log): void {
  if (warned.has(log)) return;
  warned.add(log);
  log.warn('flock is not installed: using a weaker lock', { hint: 'install util-linux' });
}

function lostError(name: string, cause: unknown): OpsError {
  return new OpsError(
    'refused',
    `cannot go on without the lock of ${name}: another program may have taken it`,
    {
      hint: 'install util-linux: the lock of flock(1) cannot be lost',
      cause,
    },
  );
}

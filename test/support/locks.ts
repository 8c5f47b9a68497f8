// Locks for tests: what to ask for, another process that asks for the same, and a shell script that does.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { silentLog } from '../../lib/base/log.ts';
import type { LockRequest } from '../../lib/lock/lock.ts';
import { runBriefly } from '../../lib/process/run-briefly.ts';
import { spawnTypeScript, type LineProcess } from './spawn-lines.ts';

const since = new Date('2026-11-20T02:05:13.000Z');

export function lockRequest(directory: string, more: Partial<LockRequest> = {}): LockRequest {
  return {
    directory,
    name: 'ctv',
    purpose: 'db-backup run',
    runId: 'run-1',
    run: runBriefly,
    clock: { now: () => since, monotonicMs: () => 0 },
    log: silentLog,
    ...more,
  };
}

/** Another process that has started and waits to be told what to do. */
export async function otherProcess(
  directory: string,
  purpose = 'restore run',
  noFlock = '',
): Promise<LineProcess> {
  const holder = join(import.meta.dirname, 'lock-holder.ts');
  const other = spawnTypeScript(holder, [directory, 'ctv', purpose, noFlock]);
  await other.line('ready');
  return other;
}

export async function tell(other: LineProcess, word: string): Promise<string> {
  other.write(`${word}\n`);
  return other.line(/./);
}

/** Whether a shell script would get the lock now. */
export function shellGetsIt(directory: string): boolean {
  const { status } = spawnSync('flock', ['--nonblock', join(directory, 'ctv.lock'), 'true']);
  return status === 0;
}

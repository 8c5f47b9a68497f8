// How a systemd unit ended, in our words. The variables are those of systemd.exec(5), section $SERVICE_RESULT.
import {
  errorExitCodes,
  exitBadNews,
  exitHungUp,
  exitInterrupted,
  exitTerminated,
  type ErrorKind,
} from '../base/exit-code.ts';
import type { RunResult } from './observation.ts';

export interface UnitEnding {
  result: RunResult;
  kind: ErrorKind | undefined;
  exitCode: number | undefined;
  message: string;
}

/** `result` is `$SERVICE_RESULT`, `exitStatus` is `$EXIT_STATUS`: a number, or the name of a signal. */
export function unitEnding(result: string, exitStatus: string | undefined, isHandler: boolean): UnitEnding {
  const none = { kind: undefined, exitCode: undefined };
  switch (result) {
    case 'success':
      // Who handles a failure and hears of success: the unit was never begun, for something it requires failed.
      return isHandler
        ? { ...none, result: 'failed', message: 'it was not started: something it requires has failed' }
        : { ...none, exitCode: 0, result: 'done', message: '' };
    case 'exit-code':
      return exited(exitStatus);
    case 'signal':
    case 'core-dump':
      return { ...none, result: 'killed', message: `it was killed by ${signalName(exitStatus)}` };
    case 'timeout':
      return { ...none, result: 'killed', message: 'it took longer than the unit allows, and was ended' };
    case 'oom-kill':
      return { ...none, result: 'killed', message: 'it was killed because memory ran out' };
    case 'watchdog':
      return { ...none, result: 'killed', message: 'it was killed because it no longer answered' };
    case 'start-limit-hit':
      return { ...none, result: 'failed', message: 'it was started too often, and is not started again' };
    case 'resources':
      return { ...none, result: 'failed', message: 'systemd had not what it takes to start it' };
    default:
      return { ...none, result: 'failed', message: `systemd says of its end: ${result}` };
  }
}

function exited(exitStatus: string | undefined): UnitEnding {
  const code = /^\d{1,3}$/.test(exitStatus ?? '') ? Number(exitStatus) : undefined;
  const exitCode = code;
  if (code === undefined) return { result: 'failed', kind: undefined, exitCode, message: 'it failed' };
  if (code === exitHungUp || code === exitInterrupted || code === exitTerminated)
    return { result: 'interrupted', kind: undefined, exitCode, message: 'it was told to stop' };
  if (code === exitBadNews)
    return { result: 'bad-news', kind: undefined, exitCode, message: 'it ran to the end with bad news' };
  const found = Object.entries(errorExitCodes).find(([, entry]) => entry.code === code);
  if (found !== undefined) {
    const [kind, { meaning }] = found as [ErrorKind, { meaning: string }];
    return {
      result: kind === 'busy' ? 'busy' : 'failed',
      kind,
      exitCode,
      message: `exit code ${code}: ${meaning}`,
    };
  }
  const message =
    code >= 200
      ? `systemd could not start it (${code}: systemd-analyze exit-status ${code})`
      : `it ended with exit code ${code}`;
  return { result: 'failed', kind: undefined, exitCode, message };
}

function signalName(exitStatus: string | undefined): string {
  return exitStatus !== undefined && /^[A-Z0-9+]{1,12}$/.test(exitStatus) ? `SIG${exitStatus}` : 'a signal';
}

// What the way a program ended means, in the words of an operator.
import { OpsError, systemError } from '../base/errors.ts';
import { formatDuration } from '../base/format.ts';
import { lastLine } from './output-tail.ts';

/** How a program ended, before anyone has judged it. */
export interface Ending {
  exitCode?: number | undefined;
  /** The signal that ended it. */
  signal?: string | undefined;
  timedOut: boolean;
  isCanceled: boolean;
  /** The system error code when it could not be started. */
  code?: string | undefined;
  cause?: unknown;
}

export interface Expectation {
  /** The program as messages name it: `flock`. */
  name: string;
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
  acceptExitCodes?: readonly number[] | undefined;
  /** What the program printed; its last line becomes the cause. */
  output: string;
}

/** Returns the exit code when it is an accepted one; throws what CommandRunner promises otherwise. */
export function requireGoodEnding(ending: Ending, expected: Expectation): number {
  const { name } = expected;
  if (ending.isCanceled) throw abortReason(expected.signal);
  if (ending.timedOut) {
    throw new OpsError('unavailable', `cannot run ${name}: it took longer than ${limit(expected)}`, {
      cause: ending.cause,
    });
  }
  if (ending.exitCode !== undefined) {
    if ((expected.acceptExitCodes ?? [0]).includes(ending.exitCode)) return ending.exitCode;
    throw new OpsError('io', `cannot run ${name}: exit code ${ending.exitCode}${said(expected.output)}`);
  }
  if (ending.signal !== undefined) {
    throw new OpsError('io', `cannot run ${name}: it was ended by ${ending.signal}${said(expected.output)}`);
  }
  throw notStarted(name, ending);
}

function notStarted(name: string, { code, cause }: Ending): unknown {
  if (code !== 'ENOENT') return systemError(`run ${name}`, cause);
  return new OpsError('missing', `cannot run ${name}: it is not installed`, {
    hint: `install the package that has ${name}, or check PATH`,
    cause,
  });
}

function abortReason(signal: AbortSignal | undefined): unknown {
  return signal?.reason ?? new Error('the run was aborted');
}

function limit({ timeoutMs }: Expectation): string {
  return timeoutMs === undefined ? 'allowed' : formatDuration(timeoutMs);
}

function said(output: string): string {
  const line = lastLine(output);
  return line === '' ? '' : `: ${line}`;
}

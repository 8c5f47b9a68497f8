// A program asked apart (lib/files/ask-apart.ts), for those who want its answer or an error: what measures must not hang, nor keep
// this process from ending.
import { OpsError, systemError } from '../base/errors.ts';
import { formatDuration } from '../base/format.ts';
import { askApart } from '../files/ask-apart.ts';

interface AskOptions {
  /** After so long it is given up. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  /** Exit codes that are answers and not failures. Without it only 0. */
  acceptExitCodes?: readonly number[];
}

/** What it said: of long output the beginning. */
interface ProgramAnswer {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/**
 * Runs a program in the directory `/`, with nothing of our environment, and returns what it said. Throws OpsError `unavailable`
 * where it does not end within `timeoutMs` (it is killed, and not waited for), `missing` where it is not installed, `io` for
 * any other exit code than those that are accepted, and the signal's reason when that aborts.
 */
export async function askProgram(
  command: string,
  args: readonly string[],
  { timeoutMs, signal, acceptExitCodes = [0] }: AskOptions,
): Promise<ProgramAnswer> {
  const answer = await askApart(command, args, {
    timeoutMs,
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    throw signal?.aborted === true ? error : systemError(`run ${command}`, error);
  });
  if (answer === undefined)
    throw new OpsError('unavailable', `cannot ask ${command}: no answer within ${formatDuration(timeoutMs)}`);
  const { exitCode = 128, stdout, stderr } = answer;
  if (acceptExitCodes.includes(exitCode)) return { exitCode, stdout, stderr };
  const said = stderr.trim().split('\n').at(-1) ?? '';
  throw new OpsError('io', `cannot ask ${command}: ${said === '' ? `it ended with ${exitCode}` : said}`);
}

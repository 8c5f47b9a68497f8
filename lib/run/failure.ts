// Why a run could not go on, for a person, for --json and as an exit code.
import { errorMessage, OpsError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { printable, printableLines } from '../base/printable.ts';
import {
  type ErrorKind,
  errorExitCodes,
  exitBadNews,
  exitHungUp,
  exitInterrupted,
  exitTerminated,
} from '../base/exit-code.ts';
import type { StopSignal } from './stop-signals.ts';

export interface Failure {
  readonly kind: ErrorKind | 'interrupted';
  readonly message: string;
  readonly hint: string | undefined;
  readonly exitCode: number;
  /** Of a bug. */
  readonly stack?: string;
}

/** The reason of an abort: the process was told to stop. */
export class Interrupted extends Error {
  readonly signalName: StopSignal;

  constructor(signalName: StopSignal) {
    super(`stopped by ${signalName}`);
    this.signalName = signalName;
  }
}

/** A person was asked whether to go on, and said no. */
export class Declined extends Error {
  constructor() {
    super('nobody said yes');
  }
}

/** What a run exits with that was told to stop. */
const stopExitCodes: Record<StopSignal, number> = {
  SIGHUP: exitHungUp,
  SIGINT: exitInterrupted,
  SIGTERM: exitTerminated,
};

/** What was thrown, described; `left` is what stands all the same, for a run that was interrupted. */
export function describeFailure(thrown: unknown, left: readonly string[]): Failure {
  if (thrown instanceof Interrupted) {
    return {
      kind: 'interrupted',
      message: `${thrown.message}: ${left.length === 0 ? 'nothing new was left behind' : left.join('; ')}`,
      hint: undefined,
      exitCode: stopExitCodes[thrown.signalName],
    };
  }
  if (thrown instanceof Declined) {
    const message =
      left.length === 0 ? 'nothing was changed' : `nothing else was changed: ${left.join('; ')}`;
    return { kind: 'interrupted', message, hint: undefined, exitCode: exitBadNews };
  }
  if (thrown instanceof OpsError) {
    const { kind, message, hint } = thrown;
    return { kind, message, hint, exitCode: errorExitCodes[kind].code };
  }
  return {
    kind: 'bug',
    message: `this is a mistake in Holdfast: ${errorMessage(thrown)}`,
    hint: 'please report it with the lines that follow',
    exitCode: errorExitCodes.bug.code,
    stack: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
  };
}

/** Tells a person why it could not go on. What stands below the message is a list of ours, and stays one. */
export function tellFailure(failure: Failure, log: Log, writeLog: (text: string) => void) {
  const { message, hint, stack } = failure;
  const [first = '', ...others] = message.split('\n');
  if (isDeclined(failure)) log.info(first);
  else log.error(first);
  for (const line of others) writeLog(`${printable(line)}\n`);
  if (hint !== undefined) log.error(`hint: ${hint}`);
  if (stack !== undefined) writeLog(`${printableLines(stack)}\n`);
}

/** That is what the person wanted. */
function isDeclined({ kind, exitCode }: Failure): boolean {
  return kind === 'interrupted' && exitCode === exitBadNews;
}

/** What such an end counts as, where incidents are counted. */
export function failedResult({ kind }: Failure): 'busy' | 'interrupted' | 'failed' {
  return kind === 'busy' || kind === 'interrupted' ? kind : 'failed';
}

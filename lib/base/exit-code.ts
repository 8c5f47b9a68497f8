// The one table of exit codes. `--help` prints it, docs/exit-codes are compared with it by a test.
// 64 to 78 are the BSD sysexits numbers because systemd shows their names in `systemctl status`.
import type { Verdict } from './verdict.ts';

/** Why a job could not go on. A closed union: a new kind without a code does not compile. */
export type ErrorKind =
  'usage' | 'damaged' | 'missing' | 'unavailable' | 'bug' | 'refused' | 'io' | 'busy' | 'denied' | 'config';

/** What each kind of error exits with, and what that number asks of the operator. */
export const errorExitCodes = {
  usage: { code: 64, meaning: 'the command line is wrong' },
  damaged: { code: 65, meaning: 'damaged data: a database, backup or checksum is not what it should be' },
  missing: { code: 66, meaning: 'the database, backup or manifest is not there' },
  unavailable: { code: 69, meaning: 'the store, a peer or the database did not answer in time' },
  bug: { code: 70, meaning: 'a mistake in Holdfast itself; its stack follows' },
  refused: { code: 73, meaning: 'refused: it would overwrite or endanger something' },
  io: { code: 74, meaning: 'input or output failed, for example a full disk' },
  busy: { code: 75, meaning: 'another run holds the lock; the message names it' },
  denied: { code: 77, meaning: 'permission refused' },
  config: { code: 78, meaning: 'the configuration is missing or invalid; every problem is listed' },
} satisfies Record<ErrorKind, { code: number; meaning: string }>;

/** Ran to the end and everything is well. */
export const exitDone = 0;
/** Ran to the end, and the news is bad. */
export const exitBadNews = 1;
/** Stopped by SIGHUP (128 + 1). */
export const exitHungUp = 129;
/** Stopped by SIGINT (128 + 2). */
export const exitInterrupted = 130;
/** Stopped by SIGTERM (128 + 15). */
export const exitTerminated = 143;

/**
 * How a run that came to its end exits. `plain`: 0, or 1 for bad news of any kind. `monitoring`, for checks alone: the
 * numbers that monitoring programs expect (https://www.monitoring-plugins.org/doc/guidelines.html).
 */
export type ExitConvention = keyof typeof verdictExits;

const verdictExits = {
  plain: [
    { code: exitDone, verdicts: ['ok'], meaning: 'done, also when there was nothing to do' },
    {
      code: exitBadNews,
      verdicts: ['warning', 'unknown', 'critical'],
      meaning: 'ran to the end with bad news, which is printed, or a person said no',
    },
  ],
  monitoring: [
    { code: 0, verdicts: ['ok'], meaning: 'all is well' },
    { code: 1, verdicts: ['warning'], meaning: 'a warning, which is printed' },
    { code: 2, verdicts: ['critical'], meaning: 'critical, and what is so is printed' },
    { code: 3, verdicts: ['unknown'], meaning: 'something could not be found out' },
  ],
} satisfies Record<string, { code: number; verdicts: Verdict[]; meaning: string }[]>;

/** The exit code of a run that came to its end with this verdict. */
export function verdictExitCode(verdict: Verdict, convention: ExitConvention): number {
  const exits: { code: number; verdicts: Verdict[] }[] = verdictExits[convention];
  return exits.find(({ verdicts }) => verdicts.includes(verdict))?.code ?? exitBadNews;
}

/** Every exit code with its meaning, in ascending order; the source of `--help` and of the docs. */
export function exitCodeTable(convention: ExitConvention = 'plain'): { code: number; meaning: string }[] {
  return [
    ...verdictExits[convention].map(({ code, meaning }) => ({ code, meaning })),
    ...Object.values(errorExitCodes),
    {
      code: exitHungUp,
      meaning: 'stopped because its terminal is gone (SIGHUP); what was left is logged and told',
    },
    { code: exitInterrupted, meaning: 'stopped by Ctrl-C (SIGINT); what was left is printed' },
    { code: exitTerminated, meaning: 'stopped by SIGTERM; what was left is printed' },
  ].sort((a, b) => a.code - b.code);
}

// The one table of exit codes. `--help` prints it, docs/exit-codes are compared with it by a test.
// 64 to 78 are the BSD sysexits numbers because systemd shows their names in `systemctl status`.

/** Why a job could not go on. A closed union: a new kind without a code does not compile. */
export type ErrorKind =
  'usage' | 'damaged' | 'missing' | 'unavailable' | 'bug' | 'refused' | 'io' | 'busy' | 'denied' | 'config';

/** What each kind of error exits with, and what that number asks of the operator. */
export const errorExitCodes = {
  usage: { code: 64, meaning: 'the command line is wrong' },
  damaged: { code: 65, meaning: 'damaged data: a database, backup or checksum is not what it should be' },
  missing: { code: 66, meaning: 'the database, backup or manifest is not there' },
  unavailable: { code: 69, meaning: 'the store or a peer did not answer' },
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
/** Stopped by SIGINT (128 + 2). */
export const exitInterrupted = 130;
/** Stopped by SIGTERM (128 + 15). */
export const exitTerminated = 143;

/** Every exit code with its meaning, in ascending order; the source of `--help` and of the docs. */
export function exitCodeTable(): { code: number; meaning: string }[] {
  return [
    { code: exitDone, meaning: 'done, also when there was nothing to do' },
    { code: exitBadNews, meaning: 'ran to the end with bad news, which is printed' },
    ...Object.values(errorExitCodes),
    { code: exitInterrupted, meaning: 'stopped by Ctrl-C (SIGINT); what was left is printed' },
    { code: exitTerminated, meaning: 'stopped by SIGTERM; what was left is printed' },
  ].sort((a, b) => a.code - b.code);
}

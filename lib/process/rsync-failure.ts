// Why a call of rsync did not do everything, in the words of an operator: what passes by itself, and what somebody has to
// mend. The exit codes do not tell them apart (ssh's 255 is 12 when rsync is quicker), what both programs print does.
import { OpsError } from '../base/errors.ts';
import { lastLine } from './output-tail.ts';
import {
  accessDenied,
  allowedDenied,
  allowedMissing,
  directoryMissing,
  hostKeyDiffers,
  keyRefused,
  keyUnusable,
  mayNotWrite,
  moduleMissing,
  optionRefused,
  passwordRefused,
  programFails,
  programMissing,
  readOnly,
  readerFails,
  readerFull,
  shellNotClean,
  sshMissing,
  typed,
  type EndedRsync,
  type Explanation,
} from './rsync-explanations.ts';

export type RsyncFailure =
  /** It passes by itself, or nobody can tell. */
  | { isUnreachable: true; reason: string }
  /** It does not. With `isGuess`, only the exit code says why. */
  | { isUnreachable: false; error: OpsError; isGuess: boolean };

/** Undefined where it did everything. */
export function explainRsync(ended: EndedRsync): RsyncFailure | undefined {
  const { exitCode, stderr, isDirectoryMissing, called } = ended;
  if (exitCode === 0 && !isDirectoryMissing) return undefined;
  const text = withoutRsyncsOwn(stderr);
  const told = isDirectoryMissing ? directoryMissing(ended) : explain(ended, text);
  const explained = told ?? byExitCode[exitCode]?.(ended);
  if (explained !== undefined) {
    const { kind, cause, hint } = explained;
    return {
      isUnreachable: false,
      error: new OpsError(kind, `cannot ship to ${called}: ${cause}`, { hint }),
      isGuess: told === undefined,
    };
  }
  const said = lastLine(text) || lastLine(stderr.replace(/^rsync error: .*$/gm, '')) || lastLine(stderr);
  if (passing.test(text) || passingExitCodes.includes(exitCode))
    return { isUnreachable: true, reason: said === '' ? `rsync ended with ${exitCode}` : said };
  const cause = `rsync ended with exit code ${exitCode}${said === '' ? '' : `: ${said}`}`;
  const error = new OpsError('io', `cannot ship to ${called}: ${cause}`, {
    hint: `look at the reader with its own account: ${typed(ended)}`,
  });
  return { isUnreachable: false, error, isGuess: false };
}

/** What the last lines of rsync always say: how it ended, and that there was nobody any more. */
function withoutRsyncsOwn(stderr: string): string {
  return stderr
    .split('\n')
    .filter((line) => !/^rsync error: |^rsync: connection unexpectedly closed/.test(line))
    .join('\n');
}

const passing =
  /connection (?:refused|reset|closed|timed out)|timed out|no route to host|network is unreachable|host is down|could not resolve|name or service not known|temporary failure|getaddrinfo|not responding|broken pipe|kex_exchange|max connections|another instance of rrsync|connection to .* closed/i;

/** Errors of sockets and of the protocol's stream, its time limits, and ssh's own: cut by whomever. */
const passingExitCodes = [10, 12, 30, 35];

function explain(ended: EndedRsync, text: string): Explanation | undefined {
  for (const [pattern, make] of explanations) {
    const found = pattern.exec(text);
    if (found !== null) return make(ended, found);
  }
  return undefined;
}

/** What a code says where the words for it were lost on the way, as rsync loses them when its other end dies of the failure. */
const byExitCode: Record<number, (ended: EndedRsync) => Explanation> = {
  3: directoryMissing,
  11: readerFails,
  126: programMissing,
  127: programMissing,
};

/** The first that fits. */
const explanations: [RegExp, (ended: EndedRsync, found: RegExpExecArray) => Explanation][] = [
  [/Failed to exec ssh/, sshMissing],
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed|no matching host key/i,
    hostKeyDiffers,
  ],
  [/Load key "[^"]*": (.*)/, keyUnusable],
  [/Permission denied \([a-z,-]+\)|Too many authentication failures/, keyRefused],
  [
    /command not found|rsync: not found|python3?\S* No such file|bad interpreter|No such file or directory.*\brsync\b.*exec/i,
    programMissing,
  ],
  [/protocol version mismatch|is your shell clean/, shellNotClean],
  [/@ERROR: auth failed|failed to read a password/, passwordRefused],
  [/@ERROR: Unknown module/i, moduleMissing],
  [/@ERROR: (?:chdir|chroot) failed/, directoryMissing],
  [/@ERROR: access denied/, accessDenied],
  [/Read-only file system|module is read only|read-only server/, readOnly],
  [/configured to refuse (\S+)|option (\S+) (?:is|has been) (?:disabled|disallowed)/, optionRefused],
  [/No space left on device|Disk quota exceeded/, readerFull],
  [
    /Restricted directory does not exist|(?:restricted dir|FileNotFoundError|NotADirectoryError): \[Errno 20?\]/,
    allowedMissing,
  ],
  [/PermissionError: |unable to chdir to restricted dir/, allowedDenied],
  [/(?:change_dir|mkdir).*failed: No such file or directory/, directoryMissing],
  [
    /(?:change_dir|mkdir|mkstemp|rename|open).*failed: (?:Permission denied|Operation not permitted)/,
    mayNotWrite,
  ],
  [/rrsync error: (?!Another instance)(.*)|^(\w+Error: .*)$/m, programFails],
];

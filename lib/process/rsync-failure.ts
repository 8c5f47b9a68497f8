// Why a call of rsync did not do everything, in the words of an operator: what passes by itself, and what somebody has to
// mend. The exit codes do not tell them apart (ssh's 255 is 12 when rsync is quicker), what both programs print does.
import type { ErrorKind } from '../base/exit-code.ts';
import { OpsError } from '../base/errors.ts';
import { shellWord } from '../base/shell-word.ts';
import { hostWord, type Reader } from '../export/reader.ts';
import { lastLine } from './output-tail.ts';

export type RsyncFailure =
  /** It passes by itself, or nobody can tell. */
  | { isUnreachable: true; reason: string }
  /** It does not. */
  | { isUnreachable: false; error: OpsError };

export interface EndedRsync {
  exitCode: number;
  stderr: string;
  /** It would have made the directory. */
  isDirectoryMissing: boolean;
  reader: Reader;
  called: string;
  port: number | undefined;
  identityPath: string | undefined;
}

interface Explanation {
  kind: ErrorKind;
  cause: string;
  hint: string;
}

/** Undefined where it did everything. */
export function explainRsync(ended: EndedRsync): RsyncFailure | undefined {
  const { exitCode, stderr, isDirectoryMissing, called } = ended;
  if (exitCode === 0 && !isDirectoryMissing) return undefined;
  const text = withoutRsyncsOwn(stderr);
  const explained = isDirectoryMissing ? directoryMissing(ended) : explain(ended, text);
  if (explained !== undefined) {
    const { kind, cause, hint } = explained;
    return {
      isUnreachable: false,
      error: new OpsError(kind, `cannot ship to ${called}: ${cause}`, { hint }),
    };
  }
  const said = lastLine(text) || lastLine(stderr.replace(/^rsync error: .*$/gm, '')) || lastLine(stderr);
  if (passing.test(text) || passingExitCodes.includes(exitCode))
    return { isUnreachable: true, reason: said === '' ? `rsync ended with ${exitCode}` : said };
  const cause = `rsync ended with exit code ${exitCode}${said === '' ? '' : `: ${said}`}`;
  const error = new OpsError('io', `cannot ship to ${called}: ${cause}`, {
    hint: `look at the reader with its own account: ${typed(ended)}`,
  });
  return { isUnreachable: false, error };
}

/** What the last lines of rsync always say: how it ended, and that there was nobody any more. */
function withoutRsyncsOwn(stderr: string): string {
  return stderr
    .split('\n')
    .filter((line) => !/^rsync error: |^rsync: connection unexpectedly closed/.test(line))
    .join('\n');
}

const passing =
  /connection (?:refused|reset|closed|timed out)|timed out|no route to host|network is unreachable|host is down|could not resolve|name or service not known|temporary failure|getaddrinfo|not responding|broken pipe|kex_exchange|max connections|connection to .* closed/i;

/** Errors of sockets and of the protocol's stream, its time limits, and ssh's own: cut by whomever. */
const passingExitCodes = [10, 12, 30, 35];

function explain(ended: EndedRsync, text: string): Explanation | undefined {
  for (const [pattern, make] of explanations) {
    const found = pattern.exec(text);
    if (found !== null) return make(ended, found);
  }
  return byExitCode[ended.exitCode]?.(ended);
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
  [/command not found|rsync: not found|No such file or directory.*\brsync\b.*exec/i, programMissing],
  [/protocol version mismatch|is your shell clean/, shellNotClean],
  [/@ERROR: auth failed|failed to read a password/, passwordRefused],
  [/@ERROR: Unknown module/i, moduleMissing],
  [/@ERROR: (?:chdir|chroot) failed/, directoryMissing],
  [/@ERROR: access denied/, accessDenied],
  [/Read-only file system|module is read only|read-only server/, readOnly],
  [/configured to refuse (\S+)|option (\S+) (?:is|has been) (?:disabled|disallowed)/, optionRefused],
  [/No space left on device|Disk quota exceeded/, readerFull],
  [/(?:change_dir|mkdir).*failed: No such file or directory/, directoryMissing],
  [
    /(?:change_dir|mkdir|mkstemp|rename|open).*failed: (?:Permission denied|Operation not permitted)/,
    mayNotWrite,
  ],
];

function sshMissing(): Explanation {
  return { kind: 'missing', cause: 'ssh is not installed here', hint: 'apt install openssh-client' };
}

function hostKeyDiffers({ reader, port }: EndedRsync, { input }: RegExpExecArray): Explanation {
  const shown = /SHA256:[A-Za-z0-9+/]+/.exec(input)?.[0];
  return {
    kind: 'denied',
    cause: `its host key is not the one that is pinned${shown === undefined ? '' : `; it shows ${shown}`}`,
    hint: `somebody may stand in between. Compare it with /etc/ssh/ssh_host_ed25519_key.pub there before you change host_key: ssh-keyscan -p ${port ?? 22} -t ed25519 ${reader.host}`,
  };
}

function keyUnusable({ identityPath = '' }: EndedRsync, [, said = '']: RegExpExecArray): Explanation {
  return {
    kind: 'config',
    cause: `the private key in ${identityPath} cannot be used: ${lastLine(said)}`,
    hint: `it must be one without a passphrase: ssh-keygen -y -P "" -f ${shellWord(identityPath)}`,
  };
}

function keyRefused({ identityPath = '' }: EndedRsync): Explanation {
  return {
    kind: 'denied',
    cause: 'the reader refuses our key',
    hint: `put its public half into authorized_keys there, as docs/operations.md says: ssh-keygen -y -f ${shellWord(identityPath)}`,
  };
}

function programMissing(ended: EndedRsync): Explanation {
  return {
    kind: 'missing',
    cause: 'the reader has no rsync, or not the program that its authorized_keys names',
    hint: `install it there; docs/operations.md says what the reader needs: ${typed(ended)}`,
  };
}

function shellNotClean(ended: EndedRsync): Explanation {
  return {
    kind: 'config',
    cause: 'something at the reader answers that is no rsync',
    hint: `its account must print nothing by itself: ${typed(ended)}`,
  };
}

function passwordRefused(): Explanation {
  return {
    kind: 'denied',
    cause: 'the daemon refuses our user or password',
    hint: 'compare password_file with the secrets file of the daemon, and the user with its auth users',
  };
}

function moduleMissing({ reader }: EndedRsync): Explanation {
  return {
    kind: 'missing',
    cause: `the daemon has no module ${reader.path.split('/', 1)[0]}`,
    hint: `${listModules(reader)} lists those that it shows`,
  };
}

function accessDenied(): Explanation {
  return {
    kind: 'denied',
    cause: 'the daemon takes nothing from this machine',
    hint: 'look at hosts allow in the rsyncd.conf of the reader',
  };
}

function directoryMissing({ reader }: EndedRsync): Explanation {
  return {
    kind: 'missing',
    cause: `${reader.path} is not there`,
    hint: `it is not made, for most likely something is not mounted; ${atReader('mkdir -p', reader)}`,
  };
}

function readOnly(): Explanation {
  return {
    kind: 'denied',
    cause: 'the reader takes nothing: it is read-only',
    hint: 'look at the mount, at read only in rsyncd.conf, or at rrsync -ro in authorized_keys there',
  };
}

function optionRefused(_: EndedRsync, [, first, second]: RegExpExecArray): Explanation {
  return {
    kind: 'denied',
    cause: `the reader refuses ${lastLine(first ?? second ?? 'an option')}, without which nothing can be proven`,
    hint: 'look at refuse options in rsyncd.conf, or at rrsync there',
  };
}

function readerFull({ reader }: EndedRsync): Explanation {
  return {
    kind: 'io',
    cause: 'the reader has no space left',
    hint: atReader('df -h', reader),
  };
}

function readerFails({ reader }: EndedRsync): Explanation {
  return {
    kind: 'io',
    cause: 'the reader could not write what it got: it is full, or its disk fails',
    hint: atReader('df -h', reader),
  };
}

function mayNotWrite({ reader }: EndedRsync): Explanation {
  return {
    kind: 'denied',
    cause: `its account may not write ${reader.path}`,
    hint: atReader('ls -ld', reader),
  };
}

function listModules(reader: Reader): string {
  const port = reader.kind === 'daemon' && reader.port !== undefined ? `:${reader.port}` : '';
  return `rsync rsync://${hostWord(reader)}${port}/`;
}

/** A command about the directory, to be typed there; where that of a module lies, only the daemon knows. */
function atReader(command: string, { kind, path }: Reader): string {
  if (kind === 'ssh') return `at the reader: ${command} ${shellWord(path)}`;
  const [module, ...below] = path.split('/');
  const what = below.length === 0 ? 'it' : `${below.join('/')} in it`;
  return `at the reader, of the path that its rsyncd.conf gives the module ${module}, ${what}: ${command}`;
}

/** What a person types to see it themselves. */
function typed({ reader, port, identityPath }: EndedRsync): string {
  if (reader.kind === 'daemon') return listModules(reader);
  const identity = identityPath === undefined ? '' : ` -i ${shellWord(identityPath)}`;
  return `ssh${identity} -p ${port ?? 22} ${reader.user}@${reader.host}`;
}

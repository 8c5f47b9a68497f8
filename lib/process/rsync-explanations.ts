// What keeps a reader from taking documents until somebody mends it: the cause, and what helps.
import type { ErrorKind } from '../base/exit-code.ts';
import { shellWord } from '../base/shell-word.ts';
import { hostWord, type Reader } from '../export/reader.ts';
import { lastLine } from './output-tail.ts';

export interface EndedRsync {
  exitCode: number;
  stderr: string;
  /** It would have made the directory. */
  isDirectoryMissing: boolean;
  reader: Reader;
  called: string;
  port: number | undefined;
  /** The file with our private key, as a person finds it. */
  identityCalled: string;
}

export interface Explanation {
  kind: ErrorKind;
  cause: string;
  hint: string;
}

export function sshMissing(): Explanation {
  return { kind: 'missing', cause: 'ssh is not installed here', hint: 'apt install openssh-client' };
}

export function hostKeyDiffers({ reader, port }: EndedRsync, { input }: RegExpExecArray): Explanation {
  const shown = /SHA256:[A-Za-z0-9+/]+/.exec(input)?.[0];
  return {
    kind: 'denied',
    cause: `its host key is not the one that is pinned${shown === undefined ? '' : `; it shows ${shown}`}`,
    hint: `somebody may stand in between. Compare it with /etc/ssh/ssh_host_ed25519_key.pub there before you change host_key: ssh-keyscan -p ${port ?? 22} -t ed25519 ${reader.host}`,
  };
}

export function keyUnusable({ identityCalled }: EndedRsync, [, said = '']: RegExpExecArray): Explanation {
  return {
    kind: 'config',
    cause: `the private key in ${identityCalled} cannot be used: ${lastLine(said)}`,
    hint: `it must be one without a passphrase: ssh-keygen -y -P "" -f ${shellWord(identityCalled)}`,
  };
}

export function keyRefused({ identityCalled }: EndedRsync): Explanation {
  return {
    kind: 'denied',
    cause: 'the reader refuses our key',
    hint: `put its public half into authorized_keys there, as docs/operations.md says: ssh-keygen -y -f ${shellWord(identityCalled)}`,
  };
}

export function programMissing(ended: EndedRsync): Explanation {
  return {
    kind: 'missing',
    cause: 'the reader has no rsync, or not the program that its authorized_keys names, with its python3',
    hint: `install it there; docs/operations.md says what the reader needs: ${typed(ended)}`,
  };
}

export function shellNotClean(ended: EndedRsync): Explanation {
  return {
    kind: 'config',
    cause: 'something at the reader answers that is no rsync',
    hint: `its account must print nothing by itself: ${typed(ended)}`,
  };
}

export function passwordRefused(): Explanation {
  return {
    kind: 'denied',
    cause: 'the daemon refuses our user or password',
    hint: 'compare password_file with the secrets file of the daemon, and the user with its auth users',
  };
}

export function moduleMissing({ reader }: EndedRsync): Explanation {
  return {
    kind: 'missing',
    cause: `the daemon has no module ${reader.path.split('/', 1)[0]}`,
    hint: `${listModules(reader)} lists those that it shows`,
  };
}

export function accessDenied(): Explanation {
  return {
    kind: 'denied',
    cause: 'the daemon takes nothing from this machine',
    hint: 'look at hosts allow in the rsyncd.conf of the reader',
  };
}

export function directoryMissing({ reader }: EndedRsync): Explanation {
  return {
    kind: 'missing',
    cause: `${reader.path} is not there`,
    hint: `it is not made, for most likely something is not mounted; ${atReader('mkdir -p', reader)}`,
  };
}

/** What rrsync is given in authorized_keys is not the path that we name. */
export function allowedMissing(): Explanation {
  return {
    kind: 'missing',
    cause: 'the directory in which our key may write is not there',
    hint: 'it is not made, for most likely something is not mounted; at the reader, which directory that is: cat ~/.ssh/authorized_keys',
  };
}

export function allowedDenied(): Explanation {
  return {
    kind: 'denied',
    cause: 'its account may not enter the directory in which our key may write',
    hint: 'at the reader, as that account, which directory that is: cat ~/.ssh/authorized_keys',
  };
}

export function programFails(ended: EndedRsync, [, first, second]: RegExpExecArray): Explanation {
  return {
    kind: 'config',
    cause: `what its authorized_keys runs says: ${lastLine(first ?? second ?? '')}`,
    hint: `docs/operations.md says what the reader needs: ${typed(ended)}`,
  };
}

export function readOnly(): Explanation {
  return {
    kind: 'denied',
    cause: 'the reader takes nothing: it is read-only',
    hint: 'look at the mount, at read only in rsyncd.conf, or at rrsync -ro in authorized_keys there',
  };
}

export function optionRefused(_: EndedRsync, [, first, second]: RegExpExecArray): Explanation {
  return {
    kind: 'denied',
    cause: `the reader refuses ${lastLine(first ?? second ?? 'an option')}, without which nothing can be proven`,
    hint: 'look at refuse options in rsyncd.conf, or at rrsync there',
  };
}

export function readerFull({ reader }: EndedRsync): Explanation {
  return {
    kind: 'io',
    cause: 'the reader has no space left',
    hint: atReader('df -h', reader),
  };
}

export function readerFails({ reader }: EndedRsync): Explanation {
  return {
    kind: 'io',
    cause:
      'the reader could not write what it got: it is full, its disk fails, or the directory is not there',
    hint: atReader('df -h', reader),
  };
}

export function mayNotWrite({ reader }: EndedRsync): Explanation {
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
export function typed({ reader, port, identityCalled }: EndedRsync): string {
  if (reader.kind === 'daemon') return listModules(reader);
  return `ssh -i ${shellWord(identityCalled)} -p ${port ?? 22} ${reader.user}@${reader.host}`;
}

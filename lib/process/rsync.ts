// rsync to a reader on another machine: what is in place there, and bytes put in place. It and the ssh below it are told
// everything, and take nothing from settings of the machine or of the user: no configuration, agent or key of theirs.
import { symlink, writeFile } from 'node:fs/promises';
import { OpsError } from '../base/errors.ts';
import { formatDuration } from '../base/format.ts';
import type { HeldDirectory } from '../files/held-directory.ts';
import { hostWord, type Reader } from '../export/reader.ts';
import type { Found } from '../export/shipment.ts';
import { requireGoodEnding } from './ending.ts';
import { keepTail } from './output-tail.ts';
import { explainRsync, type RsyncFailure } from './rsync-failure.ts';
import { tellNames } from './rsync-items.ts';
import { startProgram } from './run-command.ts';

export interface RsyncOptions {
  reader: Reader;
  /** The reader as messages call it. */
  called: string;
  port: number | undefined;
  /** Public keys of which the host has one. */
  hostKeys: readonly string[];
  /** The file with our private key. */
  identityPath: string | undefined;
  /** And the same as messages call it. */
  identityCalled: string;
  /** For the daemon. */
  password: string | undefined;
  limitBytesPerSecond: number | undefined;
  /** Without a byte for so long, the reader is out of reach. */
  timeoutMs: number;
  /** So long one call may take. */
  deadlineMs: number;
  /** PATH, by which the programs are found. */
  searchPath: string;
  signal: AbortSignal;
}

/** What a call of rsync came to: the names that it told of, and why it did not do everything, where it did not. */
interface RsyncReply {
  found: ReadonlyMap<string, Found>;
  failure: RsyncFailure | undefined;
}

export interface Rsync {
  /**
   * How each of the documents is at the reader, by its bytes; changes nothing there. What is not in the reply was not seen.
   * `names` may be empty: then it is only seen whether the reader can be reached.
   */
  look(names: readonly string[]): Promise<RsyncReply>;
  /**
   * Puts the documents in place, each whole and all at the end. What a call that was cut left is gone on with. Calls
   * `onName` as each is sent. What is in place afterwards only a look says.
   */
  send(names: readonly string[], onName: () => void): Promise<RsyncReply>;
}

/** Where the documents are, in the private directory that `openRsync` is given. */
export const documentsFolder = 'documents';

const sshConfigName = 'ssh.conf';
const knownHostsName = 'known-hosts';
const identityName = 'identity';
const listName = 'list';
const hostAlias = 'holdfast-reader';

/** Prepares `directory`, which is ours alone, for calls. All throw OpsError `missing` where rsync is not installed, and the signal's reason. */
export async function openRsync(directory: HeldDirectory, options: RsyncOptions): Promise<Rsync> {
  if (options.reader.kind === 'ssh') await writeSshSettings(directory, options);
  const call = (names: readonly string[], flags: readonly string[], onName: () => void) =>
    callRsync(directory, names, { ...options, flags, onName });
  return {
    look: (names) => hear(() => call(names, ['--dry-run', '-ii'], () => undefined)),
    // The updates wait in a directory of rsync's own, `.~tmp~`, which also keeps what was cut. It is not named: rrsync would
    // hand on a name as a path that rsync then refuses, with an exit code of 0.
    send: (names, onName) => call(names, ['--times', '--delay-updates', '-i', ...limit(options)], onName),
  };
}

const looksMax = 5;

/**
 * When rsync's other end dies of a failure, its words for it are sometimes lost on the way, and only the exit code arrives,
 * which several failures share. A look changes nothing: it is asked again.
 */
async function hear(look: () => Promise<RsyncReply>): Promise<RsyncReply> {
  let reply = await look();
  for (let looks = 1; looks < looksMax && isGuess(reply); looks += 1) reply = await look();
  return reply;
}

export function isGuess({ failure }: RsyncReply): boolean {
  return failure?.isUnreachable === false && failure.isGuess;
}

function limit({ limitBytesPerSecond }: RsyncOptions): string[] {
  if (limitBytesPerSecond === undefined) return [];
  return [`--bwlimit=${Math.max(1, Math.floor(limitBytesPerSecond / 1024))}`];
}

/** Names without a directory: then no path has to be quoted, by whose rules ever. */
async function writeSshSettings(
  directory: HeldDirectory,
  { port, hostKeys, identityPath, timeoutMs }: RsyncOptions,
): Promise<void> {
  const aliveSeconds = 15;
  const settings = {
    Port: port ?? 22,
    HostKeyAlias: hostAlias,
    StrictHostKeyChecking: 'yes',
    UserKnownHostsFile: knownHostsName,
    GlobalKnownHostsFile: '/dev/null',
    UpdateHostKeys: 'no',
    VerifyHostKeyDNS: 'no',
    IdentityFile: identityName,
    IdentitiesOnly: 'yes',
    IdentityAgent: 'none',
    PreferredAuthentications: 'publickey',
    BatchMode: 'yes',
    ForwardAgent: 'no',
    ForwardX11: 'no',
    ClearAllForwardings: 'yes',
    ControlPath: 'none',
    ProxyCommand: 'none',
    RequestTTY: 'no',
    // Documents are text, and links are slow. Unlike rsync's own, a host that does not want it does without.
    Compression: 'yes',
    LogLevel: 'ERROR',
    ConnectTimeout: Math.ceil(timeoutMs / 1000),
    ServerAliveInterval: aliveSeconds,
    ServerAliveCountMax: Math.max(1, Math.round(timeoutMs / 1000 / aliveSeconds)),
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key} ${value}\n`);
  await writeFile(directory.at(sshConfigName), lines.join(''), { mode: 0o600 });
  const keys = hostKeys.map((key) => `${hostAlias} ${key}\n`);
  await writeFile(directory.at(knownHostsName), keys.join(''), { mode: 0o600 });
  if (identityPath !== undefined) await symlink(identityPath, directory.at(identityName));
}

interface Call extends RsyncOptions {
  flags: readonly string[];
  onName: () => void;
}

async function callRsync(
  directory: HeldDirectory,
  names: readonly string[],
  call: Call,
): Promise<RsyncReply> {
  const { reader, searchPath, deadlineMs, signal } = call;
  signal.throwIfAborted();
  // With "./" before it, a name is a name, whatever it begins with.
  await writeFile(directory.at(listName), names.map((name) => `./${name}\0`).join(''), { mode: 0o600 });
  const { child } = await startProgram('rsync', argumentsOf(call), {
    // The directory itself, whoever owns the one above: what lies there is sent, and says whom ssh trusts and what it runs.
    directory: directory.at('.'),
    // Messages in English are what a failure is told apart by.
    environment: { PATH: searchPath, LC_ALL: 'C' },
    stdio: ['pipe', 'pipe', 'pipe'],
    input: reader.kind === 'daemon' ? `${call.password ?? ''}\n` : '',
    timeoutMs: deadlineMs,
    signal,
  });
  const stderr = keepTail(child.stderr);
  const told = tellNames(child.stdout, new Set(names), call.onName);
  const ending = await child;
  const { found, isDirectoryMissing } = await told;
  const cut = (reason: string): RsyncReply => ({ found, failure: { isUnreachable: true, reason } });
  if (ending.timedOut) return cut(`it took longer than ${formatDuration(deadlineMs)}`);
  if (ending.exitCode === undefined && ending.signal !== undefined && !ending.isCanceled)
    return cut(`rsync was ended by ${ending.signal}`);
  const exitCode = requireGoodEnding(ending, {
    name: 'rsync',
    signal,
    acceptExitCodes: everyExitCode,
    output: stderr(),
  });
  return { found, failure: explainRsync({ ...call, exitCode, stderr: stderr(), isDirectoryMissing }) };
}

const everyExitCode = Array.from({ length: 256 }, (_, code) => code);

function argumentsOf(call: Call): string[] {
  const { reader, flags, timeoutMs } = call;
  const seconds = Math.ceil(timeoutMs / 1000);
  return [
    '--checksum',
    ...flags,
    '--outbuf=L',
    '--from0',
    `--files-from=${listName}`,
    '--no-implied-dirs',
    `--timeout=${seconds}`,
    ...(reader.kind === 'ssh'
      ? ['-e', `ssh -F ${sshConfigName}`]
      : [`--contimeout=${seconds}`, '--password-file=-']),
    '--',
    `${documentsFolder}/`,
    targetOf(reader),
  ];
}

/** With "/." at its end a directory that is missing there is not made: most likely something is not mounted. */
function targetOf(reader: Reader): string {
  const path = reader.path === '/' ? '/.' : `${reader.path}/.`;
  if (reader.kind === 'ssh') return `${reader.user}@${hostWord(reader)}:${path}`;
  const user = reader.user === undefined ? '' : `${reader.user}@`;
  const port = reader.port === undefined ? '' : `:${reader.port}`;
  return `rsync://${user}${hostWord(reader)}${port}/${path}`;
}

/** Throws OpsError `config` where ssh has nothing to show who we are. */
export function requireIdentity(path: string | undefined, called: string): string {
  if (path !== undefined) return path;
  throw new OpsError('config', `cannot ship to ${called}: no private key is named`, {
    hint: 'make one, and name it as identity: ssh-keygen -t ed25519 -N "" -f /etc/holdfast/ship-key',
  });
}

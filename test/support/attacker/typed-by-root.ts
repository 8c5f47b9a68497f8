// One of our commands as root types it: for as long as a command may take, and with a question answered at a terminal.
import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Ended } from '../world.ts';

const project = resolve(import.meta.dirname, '../../..');

/** What takes longer hangs. */
const limitMs = 20_000;

/** So that what follows somebody into an endless file fills neither the disk nor the memory. */
const fileBytesMax = 64 * 1024 * 1024;

export interface TypedByRoot {
  config: string;
  /** Makes it a command at a terminal, whose question gets the answer yes as soon as this has returned. */
  question: (() => void) | undefined;
}

/** Runs it. What does not end in time is killed, with all that it started: `signal` says so. */
export async function typedByRoot(
  words: readonly string[],
  { config, question }: TypedByRoot,
): Promise<Ended> {
  const [command = '', ...args] = words;
  const limited = ['prlimit', `--fsize=${fileBytesMax}`, join(project, 'bin', command), ...args];
  const [program = '', ...rest] = question === undefined ? limited : atTerminal(limited);
  const child = spawn(program, rest, {
    cwd: '/',
    env: { PATH: process.env.PATH, HOME: tmpdir(), TZ: 'UTC', HOLDFAST_CONFIG: config },
    stdio: 'pipe',
    detached: true,
  });
  const end = setTimeout(() => signalGroup(child, 'SIGKILL'), limitMs);
  try {
    return await endOf(child, question);
  } finally {
    clearTimeout(end);
  }
}

/** To a process that was started `detached`, and to all that it started. */
export function signalGroup({ exitCode, signalCode, pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (exitCode === null && signalCode === null && pid !== undefined) process.kill(-pid, signal);
}

/** By script(1), which every Debian has, and which hands on the exit code. */
function atTerminal(words: readonly string[]): string[] {
  const line = words.map((word) => `'${word}'`).join(' ');
  return ['script', '--quiet', '--return', '--command', line, '/dev/null'];
}

function endOf(child: ChildProcessWithoutNullStreams, question: (() => void) | undefined): Promise<Ended> {
  const output = { stdout: '', stderr: '' };
  let isAsked = false;
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
      if (question === undefined || isAsked || !output[name].includes('[y/N] ')) return;
      isAsked = true;
      question();
      child.stdin.write('y\n');
    });
  if (question === undefined) child.stdin.end();
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode, signal) => {
      const { stdout, stderr } = output;
      resolve({ exitCode, signal, stdout: question === undefined ? stdout : plain(stdout), stderr });
    });
  });
}

/** A terminal has its own ends of lines, and is told colours and where its cursor goes. */
function plain(text: string): string {
  // eslint-disable-next-line no-control-regex -- those that we print on purpose
  return text.replace(/\r+\n/g, '\n').replace(/\u001b\[[\d;]*[A-Za-z]|\r/g, '');
}

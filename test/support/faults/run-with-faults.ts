// Runs a program with the fault preload: once to learn which operations it makes, then with a fault at one of them.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One call that changes something, in the order in which its thread made it. */
export interface Operation {
  number: number;
  /** `main`, or `worker-<id>`; each thread counts for itself. */
  thread: string;
  /** The function's name: `rename`, `openSync`, `sync` … */
  name: string;
  /** The last part of the path it works on. */
  file: string;
}

/** When a program is to fail, and how. A place is an operation of the main thread, or a message of a worker. */
export type Fault = { at: number; kind: FaultKind } | { atMessage: number };
export type FaultKind = 'kill-before' | 'kill-after' | 'int-before' | 'term-before' | FaultError;
/** The error the operation fails with, without being made. */
type FaultError = 'enospc' | 'eio' | 'eperm' | 'exdev' | 'eacces' | 'erofs';

/** How a program ended. */
export interface Ending {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

const preload = new URL('fault-preload.mjs', import.meta.url).href;
// Not SIGKILL: a program that hangs must not look like one that was killed on purpose.
const hanging = { timeout: 60_000, killSignal: 'SIGABRT' } as const;

/** Every mutating operation that the program makes. Throws unless it ends with exit code 0. */
export async function traceOperations(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Operation[]> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-trace-'));
  try {
    const trace = join(directory, 'trace');
    const ending = await run(command, args, { ...env, FAULT_TRACE: trace });
    if (ending.exitCode !== 0) throw new Error(`the traced program failed: ${JSON.stringify(ending)}`);
    return (await readFile(trace, 'utf8')).trimEnd().split('\n').filter(Boolean).map(parseOperation);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Runs the program with one fault. A fault that comes too late, because there is no such operation, never happens. */
export async function runWithFault(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  fault: Fault,
): Promise<Ending> {
  const variables: NodeJS.ProcessEnv =
    'at' in fault
      ? { FAULT_AT: String(fault.at), FAULT_KIND: fault.kind }
      : { FAULT_AT_MESSAGE: String(fault.atMessage) };
  return run(command, args, { ...env, ...variables });
}

function parseOperation(line: string): Operation {
  const [number = '', thread = '', name = '', ...file] = line.split(' ');
  return { number: Number(number), thread, name, file: file.join(' ') };
}

async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ending> {
  const options = `${env.NODE_OPTIONS ?? ''} --import=${preload}`.trim();
  // tsx writes a cache of what it compiled; whether it does must not shift the numbers.
  const childEnv = {
    PATH: process.env.PATH,
    TSX_DISABLE_CACHE: '1',
    ...env,
    NODE_OPTIONS: options,
    HOLDFAST_NODE_OPTIONS: options,
  };
  const child = spawn(command, args, { env: childEnv, stdio: ['ignore', 'pipe', 'pipe'], ...hanging });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode, signal) => resolve({ exitCode, signal, stdout, stderr }));
  });
}

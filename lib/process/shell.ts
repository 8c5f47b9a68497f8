// The operator's own commands from the configuration: stop, start, health. They are shell text, and may leave
// programs running.
import { open, rm, type FileHandle } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { errorMessage } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { requireGoodEnding } from './ending.ts';
import { decodeTail, lastLine, tailBytesMax } from './output-tail.ts';
import { startProgram } from './run-command.ts';

export interface ShellOptions {
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  log: Log;
}

/** How long the rest of a process group may take to end once its shell has been ended. */
const groupEndMs = 5000;

/**
 * Runs `commandLine` with `/bin/sh -c` in the directory `/` and returns when the shell has ended with exit code 0.
 *
 * A timeout or an abort ends everything the command has started. After a success, what it left running stays.
 * Throws as CommandRunner does. The command line appears in messages, as it does in `ps`: no place for secrets.
 */
export async function runShell(commandLine: string, { timeoutMs, signal, log }: ShellOptions): Promise<void> {
  signal?.throwIfAborted();
  const output = await openOutput(log);
  try {
    const target = output?.fd ?? 'ignore';
    const { child } = await startProgram('/bin/sh', ['-c', commandLine], {
      stdio: ['ignore', target, target],
      timeoutMs,
      signal,
    });
    const ending = await child;
    if (ending.timedOut || ending.isCanceled) await endGroup((name) => child.kill(name));
    const text = await readTail(output);
    requireGoodEnding(ending, { name: shown(commandLine), timeoutMs, signal, output: text });
    log.debug('ran a command', { command: shown(commandLine), said: lastLine(text) });
  } finally {
    await output?.close();
  }
}

/** A command line as messages show it: in quotes, on one line, at most 80 characters. */
export function shown(commandLine: string): string {
  const line = commandLine.replace(/\s+/g, ' ').trim();
  return `"${line.length <= 80 ? line : `${line.slice(0, 79)}…`}"`;
}

/**
 * A file without a name, for what the command prints. Not a pipe: a program left in the background would keep it open,
 * so that we waited for that program, and would be killed by its next line once we are gone.
 */
async function openOutput(log: Log): Promise<FileHandle | undefined> {
  const path = join(tmpdir(), `holdfast-output-${randomUUID()}`);
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'ax+', 0o600);
    await rm(path);
    return file;
  } catch (error) {
    await file?.close();
    // An app that has to be started again must not stay down because /tmp is full.
    log.warn('the output of a command is lost', { reason: errorMessage(error) });
    return undefined;
  }
}

async function readTail(output: FileHandle | undefined): Promise<string> {
  if (output === undefined) return '';
  const { size } = await output.stat();
  const position = Math.max(0, size - tailBytesMax);
  const { buffer, bytesRead } = await output.read(Buffer.alloc(tailBytesMax), 0, tailBytesMax, position);
  return decodeTail(buffer.subarray(0, bytesRead));
}

/**
 * Waits until no process of the group is left, and kills those that stay. The shell ends at the first signal, while
 * what it started may still be putting its things in order.
 */
async function endGroup(kill: (signal: 0 | 'SIGKILL') => boolean): Promise<void> {
  for (let waitedMs = 0; kill(0) && waitedMs < groupEndMs; waitedMs += 50) await pause(50);
  kill('SIGKILL');
}

// Binds a job to the real process: arguments, streams, signals, exit code. Kept light, for --help waits for it.
import { systemClock } from '../base/clock.ts';
import type { Job } from './job.ts';
import { parseArguments } from './options.ts';
import { realWait } from './wait.ts';
import { holdfastVersion } from './version.ts';

/** Parses the command line and runs the job; the exit code is set when it resolves. */
export async function start(job: Job): Promise<void> {
  // `db-backup list | head` closes the pipe early; that is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  const parsed = await parseArguments(job, process.argv.slice(2), {
    version: holdfastVersion(),
    writeOut: (text) => void process.stdout.write(text),
    writeErr: (text) => void process.stderr.write(text),
  });
  if ('exitCode' in parsed) {
    process.exitCode = parsed.exitCode;
    return;
  }
  const { command, ...run } = parsed.run;
  if (command.kind === 'service') {
    const { startService } = await import('./start-service.ts');
    return startService({ job, command, ...run });
  }
  const [{ Interrupted }, { runJob }] = await Promise.all([import('./failure.ts'), import('./main.ts')]);
  const stop = new AbortController();
  let signalled: 'SIGINT' | 'SIGTERM' | undefined;
  const handle = (name: 'SIGINT' | 'SIGTERM') => {
    if (signalled !== undefined) dieBy(name);
    signalled = name;
    process.stderr.write(`${job.name}: ${name} received, stopping cleanly (again to stop at once)\n`);
    stop.abort(new Interrupted(name));
  };
  process.on('SIGINT', handle).on('SIGTERM', handle);
  // The work is over then. A reader that does not read holds a write up, and no handler of ours would be called.
  const endAtOnce = () => void process.off('SIGINT', handle).off('SIGTERM', handle);
  process.exitCode = await runJob(
    { job, command, ...run },
    { ...streams(stop.signal, endAtOnce), signal: stop.signal },
    systemClock,
  );
  // To die by the signal tells the caller the truth, and does not wait for a thread inside a long SQLite call.
  if (signalled !== undefined && process.exitCode >= 128) dieBy(signalled);
}

function streams(signal: AbortSignal, beforeResult: () => void) {
  return {
    writeResult(text: string) {
      beforeResult();
      process.stdout.write(text);
    },
    writeLog: (text: string) => void process.stderr.write(text),
    logIsTerminal: process.stderr.isTTY,
    columns: process.stderr.columns ?? 80,
    confirm: (question: string) => confirm(question, signal),
    ask: (question: string) => ask(question, signal),
    wait: realWait,
  };
}

function dieBy(name: 'SIGINT' | 'SIGTERM'): void {
  process.removeAllListeners(name);
  process.kill(process.pid, name);
}

/** One line, with the question on stderr: stdout is for the result. */
async function ask(question: string, signal: AbortSignal): Promise<string | undefined> {
  process.stderr.write(question);
  const { createInterface } = await import('node:readline');
  const lines = createInterface({ input: process.stdin, signal });
  try {
    for await (const line of lines) return line.trim();
    signal.throwIfAborted();
    return undefined;
  } finally {
    lines.close();
    process.stdin.destroy(); // or a pipe that stays open would keep this process alive
  }
}

/** To be told to stop is no answer: it throws then, and the terminal is as it was before the question. */
async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // While it asks it gets Ctrl-C as a key.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `, { signal })).trim());
  } finally {
    terminal.close();
  }
}

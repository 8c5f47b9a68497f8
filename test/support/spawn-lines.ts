// A real process that a test talks to line by line, so that nothing has to be waited for by sleeping.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface LineProcess extends AsyncDisposable {
  readonly pid: number;
  /** The next line not yet taken that equals or matches; everything before it is dropped. Throws when none comes. */
  line(expected: string | RegExp): Promise<string>;
  write(text: string): void;
  /** Closes the process's standard input. */
  endInput(): void;
  /** Sends a signal and returns when the process has ended. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** The exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
}

/** Starts a program; its stderr shows in the test's output. It is killed when the test leaves its scope. */
export function spawnLines(command: string, args: readonly string[]): LineProcess {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = endOf(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  // A process that has ended already cannot be written to, and a test does not care.
  child.stdin.on('error', () => undefined);
  const kill = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await ended;
  };
  return {
    pid: child.pid ?? -1,
    ended,
    async line(expected) {
      for (;;) {
        const { value, done } = await lines.next();
        if (done === true) throw new Error(`${command} ended without the line ${expected}`);
        if (typeof expected === 'string' ? value === expected : expected.test(value)) return value;
      }
    },
    write: (text) => void child.stdin.write(text),
    endInput: () => void child.stdin.end(),
    kill,
    [Symbol.asyncDispose]: () => kill('SIGKILL'),
  };
}

/** Starts a TypeScript program of the project. */
export function spawnTypeScript(path: string, args: readonly string[]): LineProcess {
  return spawnLines(process.execPath, ['--import', 'tsx', path, ...args]);
}

async function endOf(child: ChildProcess): Promise<number | string> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return code ?? signal ?? 'unknown';
}

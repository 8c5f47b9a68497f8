// A second process that writes to a database exactly when a test says so, also in the middle of one of our synchronous
// callbacks: commands and answers go through named pipes, and the test stands still until it has its answer.
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { scratch } from '../../support/scratch.ts';
import { spawnTypeScript } from '../../support/spawn-lines.ts';

export type Command =
  { do: 'open'; path: string } | { do: 'close' } | { do: 'exec'; sql: string } | { do: 'get'; sql: string };

export type Answer = { value: unknown } | { code: string };

export interface Lockstep {
  readonly pid: number;
  /** Opens its connection, which waits for no lock. */
  open(path: string): void;
  close(): void;
  /** Runs SQL and returns `ok`, or the code of SQLite's error. */
  exec(sql: string): string;
  /** The first value of the first row. */
  get(sql: string): unknown;
}

const program = fileURLToPath(new URL('lockstep-writer.ts', import.meta.url));

/** Starts one for the test that is running; it ends with the test. */
export async function startLockstep(): Promise<Lockstep> {
  const [commandsPath, answersPath] = ['commands', 'answers'].map((name) => join(scratch(), name)) as [
    string,
    string,
  ];
  execFileSync('mkfifo', [commandsPath, answersPath]);
  const child = spawnTypeScript(program, [commandsPath, answersPath]);
  await child.line('ready');
  const [commands, answers] = [openSync(commandsPath, 'w'), openSync(answersPath, 'r')];
  const ask = (command: Command): Answer => {
    writeSync(commands, `${JSON.stringify(command)}\n`);
    return JSON.parse(readLine(answers)) as Answer;
  };
  const done = (command: Command): unknown => {
    const answer = ask(command);
    if ('code' in answer) throw new Error(`${JSON.stringify(command)}: ${answer.code}`);
    return answer.value;
  };
  onTestFinished(async () => {
    closeSync(commands);
    closeSync(answers);
    await child.ended; // by itself, for it reads the end of its commands
  });
  return {
    pid: child.pid,
    open: (path) => void done({ do: 'open', path }),
    close: () => void done({ do: 'close' }),
    exec(sql) {
      const answer = ask({ do: 'exec', sql });
      return 'code' in answer ? answer.code : 'ok';
    },
    get: (sql) => done({ do: 'get', sql }),
  };
}

function readLine(file: number): string {
  const block = Buffer.alloc(65_536);
  let text = '';
  while (!text.endsWith('\n')) {
    const bytes = readSync(file, block);
    if (bytes === 0) throw new Error('the other process has ended');
    text += block.toString('utf8', 0, bytes);
  }
  return text;
}

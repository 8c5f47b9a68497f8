// A process of ours that is to read a database: how it is started, with what, and how it ended.
import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { withoutSecrets } from '../base/secret-variables.ts';

/** The pipe, as the process that writes knows it: after its standard streams and its channel. */
export const pipeDescriptor = 4;

export interface StartedProcess {
  readonly child: ChildProcess;
  /** Resolves when it has ended, or could not be started. */
  readonly ended: Promise<{ code: number | null; by: NodeJS.Signals | null } | { error: Error }>;
  /** What it writes to `pipeDescriptor`, if it was given one. */
  readonly pipe: Socket | undefined;
}

/** Starts the module, with the options of this process and none of its secrets. */
export function startProcess(file: URL, { withPipe = false } = {}): StartedProcess {
  const child = fork(file, {
    env: withoutSecrets(process.env),
    // Ctrl-C and the hangup of a terminal are ours to answer.
    detached: true,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc', ...(withPipe ? (['pipe'] as const) : [])],
  });
  const { promise: ended, resolve } = Promise.withResolvers<Awaited<StartedProcess['ended']>>();
  child.on('error', (error) => resolve({ error }));
  child.on('exit', (code, by) => resolve({ code, by }));
  return { child, ended, pipe: withPipe ? (child.stdio[pipeDescriptor] as Socket) : undefined };
}

/** A process that is started before anybody can say what it is to read. */
export interface SpareProcess {
  /** Gives it to who needs one, once; undefined where it is gone. */
  take(): StartedProcess | undefined;
  /** Resolves when it has ended, unless somebody has it. */
  end(): Promise<void>;
}

export function startSpare(file: URL, options: { withPipe: boolean }): SpareProcess {
  const started = startProcess(file, options);
  const { child, ended, pipe } = started;
  let isThere = true;
  void ended.then(() => (isThere = false));
  const waitFor = (what: 'ref' | 'unref') => {
    child[what]();
    child.channel?.[what]();
    pipe?.[what]();
  };
  waitFor('unref'); // or work that stands still for good would not be noticed
  const give = () => {
    const isGiven = isThere;
    isThere = false;
    return isGiven;
  };
  return {
    take() {
      if (!give()) return undefined;
      waitFor('ref');
      return started;
    },
    async end() {
      if (!give()) return;
      waitFor('ref');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

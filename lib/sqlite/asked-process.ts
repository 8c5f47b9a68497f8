// A process of its own that reads a database and answers, one question at a time. One long SQLite call can only be ended with
// its process, and what somebody made to break SQLite finds no secrets there.
import { fork } from 'node:child_process';
import type { Readable } from 'node:stream';
import { OpsError, systemError } from '../base/errors.ts';
import { withoutSecrets } from '../base/secret-variables.ts';
import { type CrossingError, unpackError } from './crossing.ts';

/** The pipe, as the process that writes knows it: after its standard streams and its channel. */
export const pipeDescriptor = 4;

export type Answer = { result: unknown } | { error: CrossingError };

/** A signal ended the process that read a file. */
export class ReaderEnded extends OpsError {
  /** Whether it was the file: a mapped page could not be had. */
  readonly byThePage: boolean;

  constructor({ called, verb }: { called: string; verb: string }, signal: NodeJS.Signals) {
    const hint = ['SIGKILL', 'SIGABRT', 'SIGTRAP'].includes(signal)
      ? { hint: 'see whether memory ran out: journalctl -k -n 50' }
      : {};
    super('io', `cannot ${verb} ${called}: the process that read it was ended by ${signal}`, hint);
    this.name = 'ReaderEnded';
    this.byThePage = signal === 'SIGBUS' || signal === 'SIGSEGV';
  }
}

export interface AskedProcess<Question extends object> {
  /** Rejects with what was answered, ReaderEnded where it did not live to answer, and the signal's reason on abort. */
  ask(question: Question): Promise<unknown>;
  /** Rejects when the process has ended, whyever: for who waits for something else of it. */
  readonly ended: Promise<never>;
  /** What it writes to `pipeDescriptor`, if it was given one. */
  readonly pipe: Readable | undefined;
  /** Resolves when it has ended, if need be by force. */
  close(): Promise<void>;
}

/** What to start, and how it is called in messages. */
interface Asked {
  /** The module, which answers each message with an Answer. */
  file: URL;
  called: string;
  /** What it is for: `check`, `read`. */
  verb: string;
  withPipe?: boolean;
  signal: AbortSignal | undefined;
}

/** Starts the process, with the options of this one. An abort ends it at once. */
export function startAsked<Question extends object>(asked: Asked): AskedProcess<Question> {
  const { file, called, verb, withPipe = false, signal } = asked;
  signal?.throwIfAborted();
  const child = fork(file, {
    env: withoutSecrets(process.env),
    // Ctrl-C and the hangup of a terminal are ours to answer.
    detached: true,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc', ...(withPipe ? (['pipe'] as const) : [])],
  });
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => undefined); // the one who asks is told
  let pending: PromiseWithResolvers<unknown> | undefined;
  child.on('message', (answer: Answer) => {
    if ('result' in answer) pending?.resolve(answer.result);
    else pending?.reject(unpackError(answer.error));
    pending = undefined;
  });
  child.on('error', (error) => ended.reject(systemError(`start a process to ${verb} ${called}`, error)));
  child.on('exit', (code, by) => {
    ended.reject(by === null ? new Error(`a reader ended with code ${code}`) : new ReaderEnded(asked, by));
  });
  const onAbort = () => {
    ended.reject(signal?.reason);
    child.kill('SIGKILL');
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  return {
    ended: ended.promise,
    pipe: withPipe ? (child.stdio[pipeDescriptor] as Readable) : undefined,
    async ask(question) {
      pending = Promise.withResolvers();
      child.send(question, () => undefined); // where that fails, the process has ended, which is told anyway
      return Promise.race([pending.promise, ended.promise]);
    },
    async close() {
      signal?.removeEventListener('abort', onAbort);
      const isGone = child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
      const gone = isGone ? undefined : new Promise((resolve) => child.once('exit', resolve));
      if (pending !== undefined || !child.connected) child.kill('SIGKILL');
      else child.disconnect();
      await gone;
    },
  };
}

// A process of its own that reads a database and answers, one question at a time. One long SQLite call can only be ended with
// its process, and what somebody made to break SQLite finds no secrets there.
import type { Readable } from 'node:stream';
import { OpsError, systemError } from '../base/errors.ts';
import { type CrossingError, unpackError } from './crossing.ts';
import { type SpareProcess, startProcess } from './started-process.ts';

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
  /** Ends it by force and does not wait: what hangs in the kernel, on a disk that is gone, may never end. */
  leave(): void;
}

/** What to start, and how it is called in messages. */
interface Asked {
  /** The module, which answers each message with an Answer. */
  file: URL;
  called: string;
  /** What it is for: `check`, `read`. */
  verb: string;
  withPipe?: boolean;
  /** Of the same module: it is taken where it is there. */
  spare?: SpareProcess | undefined;
  signal: AbortSignal | undefined;
}

/** Starts the process, or takes the spare one. An abort ends it at once. */
export function startAsked<Question extends object>(asked: Asked): AskedProcess<Question> {
  const { file, called, verb, withPipe = false, spare, signal } = asked;
  signal?.throwIfAborted();
  const started = spare?.take() ?? startProcess(file, { withPipe });
  const { child, pipe } = started;
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => undefined); // the one who asks is told
  let pending: PromiseWithResolvers<unknown> | undefined;
  child.on('message', (answer: Answer) => {
    if ('result' in answer) pending?.resolve(answer.result);
    else pending?.reject(unpackError(answer.error));
    pending = undefined;
  });
  void started.ended.then((end) => {
    if ('error' in end) ended.reject(systemError(`start a process to ${verb} ${called}`, end.error));
    else if (end.by === null) ended.reject(new Error(`a reader ended with code ${end.code}`));
    else ended.reject(new ReaderEnded(asked, end.by));
  });
  const onAbort = () => {
    ended.reject(signal?.reason);
    child.kill('SIGKILL');
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  return {
    ended: ended.promise,
    pipe,
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
    leave() {
      signal?.removeEventListener('abort', onAbort);
      child.kill('SIGKILL');
      if (child.connected) child.disconnect();
      child.unref();
    },
  };
}

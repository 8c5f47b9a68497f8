// A process of its own that reads one database file which nobody writes. A thread would not do: a page of a mapped file
// that cannot be had ends the whole process, and one long SQLite call can only be ended with it.
import { fork } from 'node:child_process';
import { OpsError, systemError } from '../base/errors.ts';
import { withoutSecrets } from '../base/secret-variables.ts';
import { type CrossingError, unpackError } from './crossing.ts';
import type { Counted } from './facts.ts';
import type { LiveSource } from './live-reader.ts';
import type { TableRows } from '../source/facts.ts';
import type { FileNumber, Integrity } from '../source/source.ts';

/** Which file, and how. */
export interface Reading {
  path: string;
  /** The file that it has to be; see `openExpected`. */
  file?: FileNumber | undefined;
  /** What messages call the file: it may lie in scratch, under a name that tells nobody anything. */
  called: string;
  /**
   * How: `mapped`, its pages where the kernel has them (see `openMapped`), or `paged`, one by one; both as a file that nobody
   * writes. Else as a live one, see `openSource`.
   */
  as: 'mapped' | 'paged' | Omit<LiveSource, 'source'>;
}

/** What was found wrong, empty when nothing was; undefined where SQLite cannot look without what the app brings. */
export type Problems = string[] | undefined;

export type Question = { reading: Reading } & (
  | { about: 'counts' | 'rows' | 'foreign keys' | 'structure' | 'everything' }
  | { about: 'table'; table: string }
);

export type Answer = { result: unknown } | { error: CrossingError };

/**
 * One question at a time. All of them throw OpsError `damaged` or `io` where the file cannot be read, ReaderEnded where
 * the process did not live to answer, and the signal's reason on abort, which ends the process at once.
 */
export interface Reader {
  count(): Promise<Counted>;
  /** Rows per table alone. */
  rows(): Promise<TableRows[]>;
  foreignKeyViolations(): Promise<number>;
  /** That every page is well formed and in its place, and every row as its table wants it. */
  checkStructure(): Promise<Problems>;
  /** That one table and its indexes agree. */
  checkTable(name: string): Promise<Problems>;
  /** All of it at once. */
  checkIntegrity(): Promise<Integrity>;
  /** Resolves when the process has ended, if need be by force. */
  close(): Promise<void>;
}

/** A signal ended the process that read a file. */
export class ReaderEnded extends OpsError {
  /** Whether it was the file: a mapped page could not be had. */
  readonly byThePage: boolean;

  constructor(called: string, signal: NodeJS.Signals) {
    const hint = ['SIGKILL', 'SIGABRT', 'SIGTRAP'].includes(signal)
      ? { hint: 'see whether memory ran out: journalctl -k -n 50' }
      : {};
    super('io', `cannot check ${called}: the process that read it was ended by ${signal}`, hint);
    this.name = 'ReaderEnded';
    this.byThePage = signal === 'SIGBUS' || signal === 'SIGSEGV';
  }
}

export function openReader(reading: Reading, signal?: AbortSignal): Reader {
  const ask = channel(reading, signal);
  return {
    count: () => ask.question({ reading, about: 'counts' }) as Promise<Counted>,
    rows: () => ask.question({ reading, about: 'rows' }) as Promise<TableRows[]>,
    foreignKeyViolations: () => ask.question({ reading, about: 'foreign keys' }) as Promise<number>,
    checkStructure: () => ask.question({ reading, about: 'structure' }) as Promise<Problems>,
    checkTable: (table) => ask.question({ reading, about: 'table', table }) as Promise<Problems>,
    checkIntegrity: () => ask.question({ reading, about: 'everything' }) as Promise<Integrity>,
    close: ask.close,
  };
}

/** Starts the process, with the options of this one, and passes question and answer. */
function channel({ called }: Reading, signal: AbortSignal | undefined) {
  signal?.throwIfAborted();
  const child = fork(new URL('./reader-process.ts', import.meta.url), {
    // A database that somebody made to break SQLite finds no secrets in the process that reads it.
    env: withoutSecrets(process.env),
    // Ctrl-C and the hangup of a terminal are ours to answer.
    detached: true,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => undefined); // the one who asks is told
  let pending: PromiseWithResolvers<unknown> | undefined;
  child.on('message', (answer: Answer) => {
    if ('result' in answer) pending?.resolve(answer.result);
    else pending?.reject(unpackError(answer.error));
    pending = undefined;
  });
  child.on('error', (error) => ended.reject(systemError(`start a process to check ${called}`, error)));
  child.on('exit', (code, by) => {
    ended.reject(by === null ? new Error(`a reader ended with code ${code}`) : new ReaderEnded(called, by));
  });
  const onAbort = () => {
    ended.reject(signal?.reason);
    child.kill('SIGKILL');
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  return {
    async question(question: Question): Promise<unknown> {
      pending = Promise.withResolvers();
      child.send(question, () => undefined); // where that fails, the process has ended, which is told anyway
      return Promise.race([pending.promise, ended.promise]);
    },
    async close(): Promise<void> {
      signal?.removeEventListener('abort', onAbort);
      const isGone = child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
      const gone = isGone ? undefined : new Promise((resolve) => child.once('exit', resolve));
      if (pending !== undefined || !child.connected) child.kill('SIGKILL');
      else child.disconnect();
      await gone;
    },
  };
}

// One instant of a live database, read in a process of its own: one long query can only be ended with it, and a database
// that somebody made to break SQLite finds no secrets there.
import { fork } from 'node:child_process';
import type { Readable } from 'node:stream';
import { systemError } from '../../base/errors.ts';
import { withoutSecrets } from '../../base/secret-variables.ts';
import type { Cell } from '../../export/cell.ts';
import type { Recipe, Rows } from '../../export/rows.ts';
import type { JsonStyle } from '../../export/style.ts';
import { type CrossingError, unpackError } from '../crossing.ts';
import type { LiveSource } from '../live-reader.ts';
import { requireSource } from '../look.ts';
import { ReaderEnded } from '../reader.ts';
import { documentDescriptor, FrameReader } from './frames.ts';

export interface RowsQuestion {
  source: LiveSource;
  ask:
    | { about: 'query'; sql: string; called: string }
    | { about: 'tables' }
    | { about: 'document'; recipe: Recipe; style: JsonStyle };
}

export type RowsAnswer = { result: unknown } | { error: CrossingError };

/**
 * Opens the database at `path` for one instant, which begins with the first question. One question at a time. A database
 * with a rollback journal cannot be written meanwhile; in WAL mode nobody notices. Throws as looking at it does.
 */
export async function openRows(path: string, signal?: AbortSignal): Promise<Rows> {
  const { path: source, file, wal } = await requireSource(path);
  const other = startProcess({ source, file, wal }, signal);
  return {
    query: (sql, called) => other.ask({ about: 'query', sql, called }) as Promise<Cell[][]>,
    tables: () => other.ask({ about: 'tables' }) as Promise<string[]>,
    document: (recipe, style) => other.document({ about: 'document', recipe, style }),
    [Symbol.asyncDispose]: () => other.end(),
  };
}

function startProcess(source: LiveSource, signal: AbortSignal | undefined) {
  signal?.throwIfAborted();
  const child = fork(new URL('./rows-process.ts', import.meta.url), {
    env: withoutSecrets(process.env),
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc', 'pipe'],
  });
  const frames = new FrameReader(child.stdio[documentDescriptor] as Readable);
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => undefined); // the one who asks is told
  let pending: PromiseWithResolvers<unknown> | undefined;
  child.on('message', (answer: RowsAnswer) => {
    if ('result' in answer) pending?.resolve(answer.result);
    else pending?.reject(unpackError(answer.error));
  });
  child.on('error', (error) => ended.reject(systemError(`start a process to read ${source.source}`, error)));
  child.on('exit', (code, by) => {
    ended.reject(
      by === null
        ? new Error(`a reader of rows ended with code ${code}`)
        : new ReaderEnded(source.source, by),
    );
  });
  const onAbort = () => {
    ended.reject(signal?.reason);
    child.kill('SIGKILL');
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  const ask = (question: RowsQuestion['ask']): Promise<unknown> => {
    pending = Promise.withResolvers();
    pending.promise.catch(() => undefined); // a document is heard to its end first
    child.send({ source, ask: question } satisfies RowsQuestion, () => undefined); // where that fails, it has ended
    return Promise.race([pending.promise, ended.promise]);
  };
  return {
    ask,
    async *document(question: RowsQuestion['ask']): AsyncGenerator<Uint8Array, void, void> {
      const answered = ask(question);
      answered.catch(() => undefined); // waited for below
      const pieces = frames.document();
      for (;;) {
        const piece = await Promise.race([pieces.next(), ended.promise]);
        if (piece.done === true) break;
        yield piece.value;
      }
      await answered;
    },
    async end(): Promise<void> {
      signal?.removeEventListener('abort', onAbort);
      const isGone = child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
      const gone = isGone ? undefined : new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL'); // it only reads
      await gone;
    },
  };
}

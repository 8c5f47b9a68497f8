// Two databases that nobody writes, compared in a process of its own: its temporary files lie where it is told, and one long join
// can only be ended with it.
import type { ComparedRows, DiffOutline, DiffPair, DiffSession } from '../../source/database-diff.ts';
import { startAsked } from '../asked-process.ts';

export type DiffQuestion = { pair: DiffPair } & (
  { about: 'outline'; table: string | undefined } | { about: 'rows'; table: string; keysMax: number }
);

/**
 * Starts it. What is asked rejects with OpsError `damaged` or `io` where a file cannot be read at all, ReaderEnded, and the signal's
 * reason on abort, which ends the process at once. Nothing is written but what is sorted, in files that have no name.
 */
export function openDiff(pair: DiffPair, signal?: AbortSignal): DiffSession {
  const file = new URL('./diff-process.ts', import.meta.url);
  const called = 'the backup and the database of now';
  const other = startAsked<DiffQuestion>({ file, called, verb: 'compare', signal });
  return {
    outline: (table) => other.ask({ pair, about: 'outline', table }) as Promise<DiffOutline>,
    rows: (table, keysMax) => other.ask({ pair, about: 'rows', table, keysMax }) as Promise<ComparedRows>,
    close: other.close,
  };
}

// A process of its own that reads one database file which nobody writes. A thread would not do: a page of a mapped file
// that cannot be had ends the whole process, and one long SQLite call can only be ended with it.
import { startAsked } from './asked-process.ts';
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

export function openReader(reading: Reading, signal?: AbortSignal): Reader {
  const file = new URL('./reader-process.ts', import.meta.url);
  const other = startAsked<Question>({ file, called: reading.called, verb: 'check', signal });
  return {
    count: () => other.ask({ reading, about: 'counts' }) as Promise<Counted>,
    rows: () => other.ask({ reading, about: 'rows' }) as Promise<TableRows[]>,
    foreignKeyViolations: () => other.ask({ reading, about: 'foreign keys' }) as Promise<number>,
    checkStructure: () => other.ask({ reading, about: 'structure' }) as Promise<Problems>,
    checkTable: (table) => other.ask({ reading, about: 'table', table }) as Promise<Problems>,
    checkIntegrity: () => other.ask({ reading, about: 'everything' }) as Promise<Integrity>,
    close: other.close,
  };
}

// Who reads the log of a database right now, and from where: by the locks that the kernel shows, which hold in SQLite's own
// protocol. A mark in the index without a lock is what a reader left that is gone.
import { readFileSync, statSync } from 'node:fs';
import { readLocksBegin, type WalIndex } from './wal-index.ts';

export interface LogReader {
  /** Zero or less where the kernel does not say, as for a process in another container. */
  readonly pid: number;
  /** The frame up to which it sees the log: what comes behind cannot be put into the database before it ends. */
  readonly mark: number;
}

/** Those that see less than all of the log. None where the kernel does not show its locks. */
export function logReaders(shm: string, index: WalIndex): LogReader[] {
  const { dev, ino } = statSync(shm, { bigint: true });
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
  const hex = (value: bigint) => value.toString(16).padStart(2, '0');
  return readersIn(locksTable(), `${hex(major)}:${hex(minor)}:${ino}`, index);
}

/** The same of the text of `/proc/locks`. */
export function readersIn(table: string, file: string, { marks, frames }: WalIndex): LogReader[] {
  // 1: POSIX  ADVISORY  READ 1234 08:01:5678 124 124
  const pattern = /^\d+: POSIX\s+\S+\s+READ\s+(-?\d+) (\S+) (\d+) (\d+)$/gm;
  return [...table.matchAll(pattern)].flatMap(([, pid, where, from, to]) => {
    if (where !== file) return [];
    return marks.flatMap((mark, slot) => {
      const lock = readLocksBegin + slot;
      return Number(from) <= lock && lock <= Number(to) && mark < frames ? [{ pid: Number(pid), mark }] : [];
    });
  });
}

function locksTable(): string {
  try {
    return readFileSync('/proc/locks', 'utf8');
  } catch {
    return '';
  }
}

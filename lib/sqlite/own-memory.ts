// A bound on the memory of the process that checks a database. What an expression in an index or a generated column makes is
// not bounded by SQLite (`hex(zeroblob(260000000))`), and a limit of the heap is not built into ours: without one the
// kernel would end whatever is largest on the machine.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { memoryLimit } from './memory-limit.ts';

/** Enough for rows of hundreds of megabytes; a check of ordinary ones takes some 30. */
const moreBytesMax = 512 * 1024 * 1024;

/** How much a check may take beside what its process has: on a small machine, or in a tight group, less. */
export function checkBytesMax(totalBytes = totalmem(), limitBytes = memoryLimit()): number {
  return Math.floor(Math.min(moreBytesMax, totalBytes / 4, limitBytes / 2));
}

/**
 * Lets this process take so many bytes more than it has. SQLite then says that memory ran out, and nobody is killed. By
 * prlimit(1) of util-linux; where that is not there, or may not, there is no limit.
 */
export function limitOwnMemory(moreBytes: number): void {
  try {
    const has = /^VmData:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (has === undefined) return;
    limitOwn('data', Number(has) * 1024 + moreBytes);
  } catch {
    // Only a help: the group of a unit has a limit as well.
  }
}

/**
 * Lets this process write no file larger than that: what SQLite puts aside on a disk, to sort it, is not bounded otherwise. It
 * then says that input or output failed.
 */
export function limitOwnFiles(sizeBytes: number): void {
  process.on('SIGXFSZ', () => undefined); // which would end it; the write fails as well
  try {
    limitOwn('fsize', sizeBytes);
  } catch {
    // As above.
  }
}

function limitOwn(what: 'data' | 'fsize', bytes: number): void {
  execFileSync('prlimit', [`--pid=${process.pid}`, `--${what}=${bytes}:${bytes}`], { stdio: 'ignore' });
}

// Whether a file fits into memory beside us. Of a mapped file that does not, each page that is touched again is read from
// the disk again, with everything around it that the kernel thinks we want: then reading page by page is far quicker.
import { freemem } from 'node:os';
import { memoryLimit } from './memory-limit.ts';

/** What our processes hold themselves, and a little for others. */
const keptBytes = 160 * 1024 * 1024;

/**
 * How large a file may be to be mapped: what this machine has free or can free, or what the control groups of this process
 * may hold, in which the pages of a file count as well.
 */
export function roomToMap(freeBytes = freemem(), limitBytes = memoryLimit()): number {
  return Math.max(0, Math.min(freeBytes, limitBytes) - keptBytes);
}

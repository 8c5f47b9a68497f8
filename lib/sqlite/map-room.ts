// Whether a file fits into memory beside us. Of a mapped file that does not, each page that is touched again is read from
// the disk again, with everything around it that the kernel thinks we want: then reading page by page is far quicker.
import { freemem } from 'node:os';

/** What our processes hold themselves, and a little for others. */
const keptBytes = 160 * 1024 * 1024;

/**
 * How large a file may be to be mapped: what this machine has free or can free, or what the control group of this process
 * may hold, in which the pages of a file count as well.
 */
export function roomToMap(
  freeBytes = freemem(),
  limitBytes = process.constrainedMemory(), // 0 where nobody can say, and more than there is where there is none
): number {
  return Math.max(0, Math.min(freeBytes, limitBytes || freeBytes) - keptBytes);
}

// The processes that this one has started and that have not ended, such as those that look at databases.
import { readdirSync, readFileSync } from 'node:fs';

/** Their ids. One whose first thread has ended may have others that hold files open: it counts until it is waited for. */
export function children(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const [, parent] = readFileSync(`/proc/${pid}/stat`, 'latin1')
          .replace(/^.*\) /, '')
          .split(' ');
        return parent === String(process.pid);
      } catch {
        return false; // ended meanwhile
      }
    });
}

// The processes that this one has started and that have not ended, such as those that look at databases.
import { readdirSync, readFileSync } from 'node:fs';

/** Their ids. What has ended and is not waited for yet holds nothing open any more, and does not count. */
export function children(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const [state, parent] = readFileSync(`/proc/${pid}/stat`, 'latin1')
          .replace(/^.*\) /, '')
          .split(' ');
        return parent === String(process.pid) && state !== 'Z';
      } catch {
        return false; // ended meanwhile
      }
    });
}

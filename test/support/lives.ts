// Whether a process is still at work.
import { readFileSync } from 'node:fs';

/** A process that has ended may stay in the table until its parent asks; that is no life. */
export function lives(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

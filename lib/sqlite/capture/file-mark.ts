// By what a database is known to be unchanged without a look into it: every commit changes the size or the time of one of its
// files. A time is no finer than the kernel's clock ticks, so that only a file that is older than that can be believed.
import { statSync } from 'node:fs';

/** Longer than a tick of any kernel, and than the times of file systems for memory cards are coarse. */
const coarseNs = 2_100_000_000n;

/** Size, time and number of the file and of its log. */
export function fileMark(path: string): string {
  return filesOf(path)
    .map((found) => (found === undefined ? '-' : `${found.ino}:${found.size}:${found.mtimeNs}`))
    .join(' ');
}

/** Whether a change to it now would be seen by its mark: `written` is a file that was written just now. */
export function isSettled(path: string, written: string): boolean {
  const now = statSync(written, { bigint: true, throwIfNoEntry: false })?.mtimeNs;
  return (
    now !== undefined && filesOf(path).every((found) => found === undefined || now - found.mtimeNs > coarseNs)
  );
}

function filesOf(path: string) {
  return [path, `${path}-wal`].map((name) => statSync(name, { bigint: true, throwIfNoEntry: false }));
}

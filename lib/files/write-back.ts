// Bringing a growing copy to the disk while it still grows.
import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs';

export interface WriteBack {
  /** Begins to write what has come so far, and returns; waits where the one before it is not done yet. */
  begin(): void;
  /** Waits for what was begun. */
  end(): Promise<void>;
}

/**
 * A disk that writes beside the copying makes the copy, and with it the read transaction that lets the app's log grow,
 * shorter than one that writes in between: measured 1.5 to 3.1 s against 3.0 to 3.7 s for 1 GB beside a writer. A failure
 * is not told here: SQLite syncs the whole copy at its end, and that one counts.
 */
export function startWriteBack(path: string): WriteBack {
  const file = openSync(path, 'r');
  let pending: Promise<void> | undefined;
  return {
    begin() {
      if (pending !== undefined) return fdatasyncSync(file);
      pending = new Promise((resolve) => {
        fdatasync(file, () => {
          pending = undefined;
          resolve();
        });
      });
    },
    async end() {
      await pending;
      closeSync(file);
    },
  };
}

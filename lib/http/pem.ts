// A certificate or its key, where an operator has put it: whatever else has that name is an error, and nothing hangs on it.
import { readSmallFileSync } from '../files/read-small-file.ts';

/** With all that vouch for it. */
const bytesMax = 1024 * 1024;

/** Throws the system's error where it cannot be read, OpsError `refused` for what is no file, `damaged` for one that is larger. */
export function readPem(path: string): Buffer {
  return readSmallFileSync(path, { sizeBytesMax: bytesMax, follow: true });
}

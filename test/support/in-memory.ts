// What the tests of a file make lies in memory where it can: a flush then waits for no device. A process that is killed leaves
// the same in either place.
import { accessSync, constants } from 'node:fs';
import process from 'node:process';

const memory = '/dev/shm';
try {
  accessSync(memory, constants.W_OK | constants.X_OK);
  process.env.TMPDIR = memory;
} catch {
  // There is none: on the disk it takes longer, and nothing else.
}

// What tests make lies in memory where there is room: a flush then waits for no device. A process that is killed leaves the
// same in either place. All of `quick` begins with it, and of `real` what dies often.
import { accessSync, constants, statfsSync } from 'node:fs';
import process from 'node:process';

const memory = '/dev/shm';
// Four times what the tests were seen to hold at once; a container or a small machine may have less.
const bytesMin = 1024 * 1024 * 1024;

try {
  accessSync(memory, constants.W_OK | constants.X_OK);
  const { bavail, bsize } = statfsSync(memory);
  if (bavail * bsize >= bytesMin) process.env.TMPDIR = memory;
} catch {
  // There is none: on the disk it takes longer, and nothing else.
}

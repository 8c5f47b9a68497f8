// The standard output, to which a run writes its result once, when all is done.
import { fstatSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { errorCode, systemError } from '../base/errors.ts';

/**
 * Writes the text and returns when it has left this process. A reader that had enough (`db-backup list | head`) is none of
 * our business. Throws OpsError `io` where it cannot be written: a full disk, a terminal that is gone.
 */
export async function writeResult(text: string): Promise<void> {
  if (text === '') return;
  try {
    if (isStream()) await throughStream(text);
    else writeWhole(Buffer.from(text));
  } catch (error) {
    if (errorCode(error) === 'EPIPE') return;
    throw systemError('write the result to the standard output', error, {
      hint: 'what was to be done is done; only what is printed of it is missing',
    });
  }
}

/** Node waits for these by itself, whether or not somebody has set them not to wait. */
function isStream(): boolean {
  const status = fstatSync(1);
  return status.isFIFO() || status.isSocket() || isatty(1);
}

async function throughStream(text: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  process.stdout.on('error', reject);
  process.stdout.write(text, (error) => (error == null ? resolve() : reject(error)));
  await promise;
}

/** Node's own stream takes a write that the disk has cut short for a whole one. */
function writeWhole(bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(1, bytes, done);
}

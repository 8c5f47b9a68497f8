// An answer that is made before it is sent: in memory while it is small, else in a file without a name. Whoever reads it slowly
// keeps nothing but that.
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { systemError } from '../base/errors.ts';
import { fullDiskDetails } from '../files/space.ts';

export interface Spooled {
  readonly sizeBytes: number;
  /** To be read once, to its end or until it is destroyed. */
  stream(): Readable;
}

const memoryBytes = 1024 * 1024;

/**
 * Takes the text piece by piece, and lets others work between two. `directory` has to be ours alone. Throws what `pieces`
 * throws, and OpsError `io` where the disk is full: then nothing is left.
 */
export async function spool(pieces: Iterable<string>, directory: string): Promise<Spooled> {
  const held: Buffer[] = [];
  let sizeBytes = 0;
  let file: FileHandle | undefined;
  try {
    for (const piece of pieces) {
      const bytes = Buffer.from(piece, 'utf8');
      sizeBytes += bytes.length;
      held.push(bytes);
      if (sizeBytes > memoryBytes) {
        file ??= await openNameless(directory);
        await file.writev(held.splice(0));
      } else await new Promise(setImmediate);
    }
  } catch (error) {
    await file?.close();
    throw systemError(`write an answer to ${directory}`, error, fullDiskDetails(error, directory));
  }
  const written = file;
  if (written === undefined) return { sizeBytes, stream: () => Readable.from(held) };
  return { sizeBytes, stream: () => written.createReadStream({ start: 0 }) };
}

async function openNameless(directory: string): Promise<FileHandle> {
  const path = join(directory, `answer-${randomBytes(8).toString('hex')}`);
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  return file;
}

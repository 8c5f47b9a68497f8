// The batch of an app that is on its way: a file in the state directory that is whole, or not there. docs/formats.md pins it.
import { createHash } from 'node:crypto';
import { constants, type FileHandle, open, unlink } from 'node:fs/promises';
import { errorCode, OpsError, systemError } from '../../../lib/base/errors.ts';
import { headerBytesMax, parseHeader } from '../../../lib/delta/batch-header.ts';
import type { BatchHeader } from '../../../lib/delta/batch.ts';
import { readFirstLine } from '../../../lib/files/block-file.ts';
import { type DraftFile, openDraft } from '../../../lib/files/draft-file.ts';

/** A batch as it lies in the spool. */
export interface Spooled {
  readonly header: BatchHeader;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Throws OpsError where the state directory cannot be used. */
export interface Spool {
  /** A batch to be written; it is the spooled one once it is published. */
  draft(): Promise<DraftFile>;
  /** The batch that is on its way. One that cannot be read is no batch: what was in it is still noted. */
  look(): Promise<Spooled | undefined>;
  /** Bytes of it, fewer at its end. */
  read(offset: number, sizeBytes: number): Promise<Buffer>;
  drop(): Promise<void>;
}

/** No batch of ours is that large: its rows are bounded before they are compressed. */
const spoolBytesMax = 128 * 1024 * 1024;

export function spoolAt(path: string): Spool {
  return {
    draft: () => openDraft(path, { mode: 0o640 }),
    look: () => readBatch(path),
    read: (offset, sizeBytes) => readPiece(path, offset, sizeBytes),
    drop: () =>
      unlink(path).catch((error: unknown) => {
        if (errorCode(error) !== 'ENOENT') throw systemError(`remove ${path}`, error);
      }),
  };
}

const toRead = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

/** All of it through one descriptor: undefined where nothing is, or what no version of ours has written, such as a pipe or a link. */
async function readBatch(path: string): Promise<Spooled | undefined> {
  try {
    await using file = await open(path, toRead);
    const status = await file.stat();
    if (!status.isFile() || status.size > spoolBytesMax) return undefined;
    const { line, end } = await readFirstLine(`/proc/self/fd/${file.fd}`, headerBytesMax);
    if (status.size < end + 4) return undefined;
    return { header: parseHeader(line), sizeBytes: status.size, sha256: await sha256Of(file) };
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ELOOP') return undefined;
    // A newer Holdfast has written it, before it was taken back to this one; or the disk did not keep it.
    if (error instanceof OpsError && error.kind === 'damaged') return undefined;
    throw systemError(`read ${path}`, error);
  }
}

async function readPiece(path: string, offset: number, sizeBytes: number): Promise<Buffer> {
  try {
    await using file = await open(path, toRead);
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(sizeBytes), 0, sizeBytes, offset);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw systemError(`read ${path}`, error);
  }
}

async function sha256Of(file: FileHandle): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of file.createReadStream({ autoClose: false, start: 0 }))
    hash.update(bytes as Buffer);
  return hash.digest('hex');
}

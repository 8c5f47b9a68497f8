// The batch of an app that is on its way: a file in the state directory that is whole, or not there. docs/formats.md pins it.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { constants, open, unlink } from 'node:fs/promises';
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

async function readBatch(path: string): Promise<Spooled | undefined> {
  const sizeBytes = await sizeOf(path);
  if (sizeBytes === undefined) return undefined;
  try {
    const { line, end } = await readFirstLine(path, headerBytesMax);
    if (sizeBytes < end + 4) return undefined;
    return { header: parseHeader(line), sizeBytes, sha256: await sha256Of(path) };
  } catch (error) {
    // A newer Holdfast has written it, before it was taken back to this one; or the disk did not keep it.
    if (error instanceof OpsError && error.kind === 'damaged') return undefined;
    throw systemError(`read ${path}`, error);
  }
}

/** Undefined where nothing is, or what no version of ours has written: a pipe, a link, more than any batch. */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    await using file = await open(path, toRead);
    const status = await file.stat();
    return status.isFile() && status.size <= spoolBytesMax ? status.size : undefined;
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ELOOP') return undefined;
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

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(path)) hash.update(bytes as Buffer);
  return hash.digest('hex');
}

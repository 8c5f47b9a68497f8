// A database file as what it is made of: whole pages of one size, read where they are wanted.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { OpsError, systemError } from '../../base/errors.ts';
import { fileIdentity, sameBytes } from '../../files/identity.ts';
import { fillBuffer, readBlocks } from '../../files/read-blocks.ts';

/** It is open until it is disposed of. Throws OpsError where it cannot be read, and `damaged` where it is shorter by now. */
export interface PageFile extends AsyncDisposable {
  readonly pageCount: number;
  /** Reads `count` pages from `first` on into `into`, from `offset` on. */
  readInto(into: Buffer, offset: number, first: number, count: number): Promise<void>;
  /** All of it, in blocks of whole pages; a block is valid until the next one is asked for. */
  blocks(): AsyncGenerator<Uint8Array>;
  /** Throws OpsError `damaged` where its bytes may be others than when it was opened. */
  requireUnchanged(): Promise<void>;
}

/** Opens a regular file, no link; OpsError `damaged` unless it is whole pages. */
export async function openPageFile(path: string, pageSize: number): Promise<PageFile> {
  const file = await orSystemError(path, () => openRegular(path));
  try {
    const before = await fileIdentity(file);
    const sizeBytes = Number(before.sizeBytes);
    if (sizeBytes % pageSize !== 0)
      throw damaged(path, `its ${sizeBytes} bytes are no whole pages of ${pageSize}`);
    return {
      pageCount: sizeBytes / pageSize,
      readInto: (into, offset, first, count) =>
        orSystemError(path, async () => {
          const part = into.subarray(offset, offset + count * pageSize);
          const filled = await fillBuffer(file, part, first * pageSize);
          if (filled < part.length) throw damaged(path, 'it was cut short while it was read');
        }),
      blocks: () => blocksOf(file, path, before.sizeBytes),
      async requireUnchanged() {
        const isSame = sameBytes(before, await orSystemError(path, () => fileIdentity(file)));
        if (!isSame) throw damaged(path, 'it changed while it was read');
      },
      [Symbol.asyncDispose]: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openRegular(path: string): Promise<FileHandle> {
  // A pipe must not make the open wait, and a link leads to what nobody asked for.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new OpsError('missing', `cannot read ${path}: it is not a regular file`);
}

async function* blocksOf(file: FileHandle, path: string, sizeBytes: bigint): AsyncGenerator<Uint8Array> {
  const blocks = readBlocks(file, sizeBytes);
  try {
    yield* blocks;
  } catch (error) {
    throw systemError(`read ${path}`, error);
  }
}

async function orSystemError<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw systemError(`read ${path}`, error);
  }
}

function damaged(path: string, cause: string): OpsError {
  return new OpsError('damaged', `cannot read ${path}: ${cause}`);
}

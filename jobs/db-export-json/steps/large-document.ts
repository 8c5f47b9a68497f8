// A document that is too large to be held: it is compared with the file that is there while it is made, and written from the
// first byte on that differs. What is the same is never written, and nothing is made twice.
import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { systemError } from '../../../lib/base/errors.ts';
import type { HeldDirectory } from '../../../lib/files/held-directory.ts';
import { fillBuffer } from '../../../lib/files/read-blocks.ts';
import { requireNoOther } from './read-document.ts';

const blockBytes = 128 * 1024;

/** What is there of the document that is being made. */
export interface Compared {
  isSame: boolean;
  /** So many bytes at its beginning are. */
  sameBytes: number;
  /** All of it, where it is not the same: it can be taken once. */
  content(): AsyncGenerator<Uint8Array>;
  /** Of the document, once its content was taken. */
  digest(): { sha256: string; sizeBytes: number };
  close(): Promise<void>;
}

interface OpenFile {
  handle: FileHandle;
  called: string;
}

/**
 * Compares with the file of that name, if there is one. Throws OpsError where it cannot be read, and what the document throws.
 */
export async function compareWhileMade(
  document: AsyncIterator<Uint8Array>,
  there: { directory: HeldDirectory; name: string } | undefined,
): Promise<Compared> {
  const made = new Made(document);
  const file = there === undefined ? undefined : await openThere(there.directory, there.name);
  try {
    const { sameBytes, differing } = file === undefined ? nothing : await sameBeginning(made, file);
    const isSame =
      file !== undefined && differing === undefined && sameBytes === (await file.handle.stat()).size;
    return {
      isSame,
      sameBytes,
      async *content() {
        if (file !== undefined) yield* beginningOf(file, sameBytes);
        if (differing !== undefined) yield differing;
        yield* inBlocks(made.rest());
      },
      digest: () => made.digest(),
      close: async () => file?.handle.close(),
    };
  } catch (error) {
    await file?.handle.close();
    throw error;
  }
}

async function openThere(directory: HeldDirectory, name: string): Promise<OpenFile> {
  const called = `${directory.path}/${name}`;
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
  const handle = await reading(called, () => open(directory.at(name), flags));
  try {
    await requireNoOther(directory, name, await handle.stat({ bigint: true }));
    return { handle, called };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

const nothing = { sameBytes: 0, differing: undefined };

class Made {
  readonly #document: AsyncIterator<Uint8Array>;
  readonly #hash: Hash = createHash('sha256');
  #sizeBytes = 0;

  constructor(document: AsyncIterator<Uint8Array>) {
    this.#document = document;
  }

  async next(): Promise<Uint8Array | undefined> {
    const next = await this.#document.next();
    if (next.done === true) return undefined;
    this.#hash.update(next.value);
    this.#sizeBytes += next.value.length;
    return next.value;
  }

  async *rest(): AsyncGenerator<Uint8Array> {
    for (let chunk = await this.next(); chunk !== undefined; chunk = await this.next()) yield chunk;
  }

  digest(): { sha256: string; sizeBytes: number } {
    return { sha256: this.#hash.digest('hex'), sizeBytes: this.#sizeBytes };
  }
}

/** How many bytes are the same, and the piece of the document with the first that is not; none where the document ends before. */
async function sameBeginning(
  made: Made,
  file: OpenFile,
): Promise<{ sameBytes: number; differing: Uint8Array | undefined }> {
  let sameBytes = 0;
  for (;;) {
    const chunk = await made.next();
    if (chunk === undefined) return { sameBytes, differing: undefined };
    const there = await bytesAt(file, sameBytes, chunk.length);
    if (!there.equals(chunk)) return { sameBytes, differing: chunk };
    sameBytes += chunk.length;
  }
}

async function* beginningOf(file: OpenFile, lengthBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < lengthBytes; at += blockBytes)
    yield await bytesAt(file, at, Math.min(blockBytes, lengthBytes - at));
}

/** A write of each small piece would wait for the disk each time. */
async function* inBlocks(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let block: Uint8Array[] = [];
  let lengthBytes = 0;
  for await (const piece of pieces) {
    block.push(piece);
    lengthBytes += piece.length;
    if (lengthBytes < 4 * blockBytes) continue;
    yield Buffer.concat(block);
    [block, lengthBytes] = [[], 0];
  }
  if (lengthBytes > 0) yield Buffer.concat(block);
}

/** Fewer at the end of the file. */
async function bytesAt({ handle, called }: OpenFile, position: number, lengthBytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(lengthBytes);
  return buffer.subarray(0, await reading(called, () => fillBuffer(handle, buffer, position)));
}

async function reading<T>(called: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw systemError(`read ${called}`, error);
  }
}

// A document that is too large to be held: it is compared with the file that is there while it is made, and written from the
// first byte on that differs. What is the same is never written, and nothing is made twice.
import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

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

/** Compares with the file at `path`; undefined where there is none. Rejects with the system's error. */
export async function compareWhileMade(
  document: AsyncIterator<Uint8Array>,
  path: string | undefined,
): Promise<Compared> {
  const made = new Made(document);
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = path === undefined ? undefined : await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const { sameBytes, differing } = file === undefined ? nothing : await sameBeginning(made, file);
    const isSame = file !== undefined && differing === undefined && sameBytes === (await file.stat()).size;
    return {
      isSame,
      sameBytes,
      async *content() {
        if (file !== undefined) yield* beginningOf(file, sameBytes);
        if (differing !== undefined) yield differing;
        yield* inBlocks(made.rest());
      },
      digest: () => made.digest(),
      close: async () => file?.close(),
    };
  } catch (error) {
    await file?.close();
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
  file: FileHandle,
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

async function* beginningOf(file: FileHandle, lengthBytes: number): AsyncGenerator<Uint8Array> {
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
async function bytesAt(file: FileHandle, position: number, lengthBytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(lengthBytes);
  let length = 0;
  while (length < lengthBytes) {
    const { bytesRead } = await file.read(buffer, length, lengthBytes - length, position + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

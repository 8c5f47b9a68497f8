// How the bytes of documents come through a pipe: in frames, each with its length before it; one without a length ends one.
import { writeSync } from 'node:fs';

/** The length of a frame takes four bytes, the least significant first. */
export const endMark = new Uint8Array(4);

/** A frame is written when it has about so many bytes. */
const frameBytes = 256 * 1024;
/** So much is held back at most while another writes. */
const heldBytesMax = 1024 * 1024;

/** Whose turn it is to write, where several do. */
export interface Turn {
  isOurs(): boolean;
  /** Returns when it is. */
  wait(): void;
}

/** Puts pieces of a document into frames. */
export class FrameWriter {
  readonly #write: (bytes: Uint8Array) => void;
  #text = '';
  #pending: Uint8Array[] = [];
  #sizeBytes = 0;
  /** Of the document that is being written by several; else it is always ours. */
  turn: Turn | undefined;

  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write;
  }

  /** Takes a piece of the text, or of its bytes. */
  emit(piece: string | Uint8Array): void {
    if (typeof piece === 'string') this.#text += piece;
    else {
      this.#addText();
      this.#pending.push(piece);
      this.#sizeBytes += piece.length;
    }
    const sizeBytes = this.#text.length + this.#sizeBytes;
    if (sizeBytes >= frameBytes && (sizeBytes >= heldBytesMax || this.turn?.isOurs() !== false)) this.flush();
  }

  /** Writes what is there, when it may. */
  flush(): void {
    this.#addText();
    if (this.#sizeBytes === 0) return;
    this.turn?.wait();
    const length = Buffer.alloc(endMark.length);
    length.writeUInt32LE(this.#sizeBytes);
    this.#write(length);
    for (const bytes of this.#pending) this.#write(bytes);
    [this.#pending, this.#sizeBytes] = [[], 0];
  }

  #addText(): void {
    if (this.#text === '') return;
    const bytes = Buffer.from(this.#text);
    this.#text = '';
    this.#pending.push(bytes);
    this.#sizeBytes += bytes.length;
  }
}

/** Waits while the other side has not taken what came before: who writes here has nothing else to do. */
export function writeWhole(descriptor: number, bytes: Uint8Array): void {
  for (let sent = 0; sent < bytes.length;) sent += writeSync(descriptor, bytes, sent);
}

/** Takes the frames of a stream apart, one document at a time. */
export class FrameReader {
  readonly #blocks: AsyncIterator<Uint8Array>;
  #block: Uint8Array = new Uint8Array();

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#blocks = stream[Symbol.asyncIterator]();
  }

  /** The bytes of the next document, in pieces as they come. Throws where the stream ends in the middle of one. */
  async *document(): AsyncGenerator<Uint8Array, void, void> {
    for (let left = await this.#length(); left > 0; left = await this.#length()) {
      while (left > 0) {
        const piece = await this.#take(left);
        left -= piece.length;
        yield piece;
      }
    }
  }

  async #length(): Promise<number> {
    const bytes: number[] = [];
    while (bytes.length < endMark.length) bytes.push(...(await this.#take(endMark.length - bytes.length)));
    return Buffer.from(bytes).readUInt32LE();
  }

  /** At most so many bytes, and at least one. */
  async #take(bytesMax: number): Promise<Uint8Array> {
    while (this.#block.length === 0) {
      const next = await this.#blocks.next();
      if (next.done === true) throw new Error('the stream of a document ended in the middle');
      this.#block = next.value;
    }
    const taken = this.#block.subarray(0, bytesMax);
    this.#block = this.#block.subarray(taken.length);
    return taken;
  }
}

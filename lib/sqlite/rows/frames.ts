// How the bytes of documents come through a pipe: in frames, each with its length before it; one without a length ends one.

/** The length of a frame takes four bytes, the least significant first. */
export const endMark = new Uint8Array(4);

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

// Large buffers that are gone when they are done with, and not when the collector of garbage comes: a gigabyte passes by in pieces
// of one megabyte, and dozens of them would lie about.

/** Smaller ones may be a part of what others use. */
const bytesMin = 256 * 1024;

/** Gives the memory of a buffer back that nobody uses any more: it has no bytes afterwards. */
export function freeNow({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= bytesMin) buffer.transfer(0);
}

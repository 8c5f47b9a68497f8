// Large buffers that are gone when they are done with, and not when the collector of garbage comes: a gigabyte passes by in pieces
// of one megabyte, and dozens of them would lie about.

/** Smaller ones may be a part of what others use (`Buffer.poolSize`), unless all of it is the one that is given back. */
const bytesMin = 128 * 1024;

/** Gives the memory of a buffer back that nobody uses any more: it has no bytes afterwards. */
export function freeNow({ buffer, byteLength }: Uint8Array): void {
  const isOwn = buffer.byteLength >= bytesMin || buffer.byteLength === byteLength;
  if (buffer instanceof ArrayBuffer && isOwn) buffer.transfer(0);
}

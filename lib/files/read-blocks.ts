// Sequential reading in large blocks, one block ahead of the reader, so that the disk works while hashes are computed.
import type { FileHandle } from 'node:fs/promises';

/** Large enough for a disk to be quick, small enough for a machine with 256 MB. */
const blockBytes = 1024 * 1024;

/**
 * Yields the file's bytes in order, in blocks of 1 MiB (the last may be shorter). A block is valid until the
 * next one is asked for: two buffers take turns, so memory is the same for any size. `sizeBytes` only sizes them.
 */
export async function* readBlocks(handle: FileHandle, sizeBytes: bigint): AsyncGenerator<Uint8Array> {
  const bufferBytes = sizeBytes > 0n && sizeBytes < blockBytes ? Number(sizeBytes) : blockBytes;
  let buffer = Buffer.allocUnsafeSlow(bufferBytes);
  let spare = Buffer.allocUnsafeSlow(bufferBytes);
  let position = 0;
  let ahead = fillBuffer(handle, buffer, position);
  try {
    for (;;) {
      const filled = await ahead;
      if (filled === 0) return;
      position += filled;
      const block = buffer.subarray(0, filled);
      ahead = fillBuffer(handle, spare, position);
      // A failure is told when its block is asked for, not as an unhandled rejection before that.
      ahead.catch(() => undefined);
      yield block;
      [buffer, spare] = [spare, buffer];
    }
  } finally {
    await ahead.catch(() => undefined); // nothing reads into a buffer after the reader has gone
  }
}

/** Reads until the buffer is full or the file ends: a read may return less than was asked for. Returns how much. */
export async function fillBuffer(handle: FileHandle, buffer: Buffer, position: number): Promise<number> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

// Writing every byte.
import type { FileHandle } from 'node:fs/promises';

/** Writes all of `bytes` at `position`: a single write may take less, for example just before the disk is full. */
export async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

// The beginning of a file that should be a database, read before SQLite touches it.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { headerBytes } from './header.ts';

/** As many bytes as a header has, fewer of a shorter file. Rejects with the system's error where it cannot be read. */
export async function firstBytes(path: string): Promise<Buffer> {
  // O_NONBLOCK: should the file have become a pipe since it was looked at, opening it must not hang.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

// The beginning of a file that should be a database, read before SQLite touches it.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { headerBytes } from './header.ts';

/** As many bytes as a header has, fewer of a shorter file. Rejects with the system's error where it cannot be read. */
export async function firstBytes(path: string): Promise<Buffer> {
  // Should it have become a pipe since it was looked at, opening it must not hang; should it have become a link, where that
  // leads is nobody's business here.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

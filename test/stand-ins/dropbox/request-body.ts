// Receiving a body: straight to disk in blocks, hashed on the way, never whole in memory.
import { open, type FileHandle } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import type { Blobs, Part } from './blobs.ts';
import { ContentHasher, hashOfDigests } from './content-hash.ts';
import type { Lane } from './link.ts';

/** The most that one request may carry. */
export const bodyLimit = 150 * 1024 * 1024;

/** Small enough to be nothing, large enough that writing costs little. */
const writeBlock = 1024 * 1024;

export interface ReceivedBody {
  length: number;
  contentHash: string;
  /** Absent when the body was empty or too large. */
  part?: Part;
  /** More than 150 MiB arrived; nothing was kept. */
  tooLarge: boolean;
  /** The connection ended before the body did. */
  cut: boolean;
}

/** How a body comes in; the hooks let faults act in the middle of it. */
export interface BodySource {
  request: IncomingMessage;
  lane: Lane;
  onBytes(count: number): void | Promise<void>;
  /** The body ends for us after so many bytes, though more was coming. */
  cutAfter: number;
}

/** Receives the whole body, also one that is refused later: a client that is still sending reads no reply. */
export async function receiveBody(source: BodySource, blobs: Blobs): Promise<ReceivedBody> {
  const spool = new Spool(blobs);
  try {
    const cut = await pass(source, (bytes) => spool.write(bytes));
    return { ...(await spool.end()), cut };
  } catch (error) {
    await spool.abandon();
    throw error;
  }
}

/** Reads a body that nobody wants; true when it was cut. */
export async function discardBody(source: BodySource): Promise<boolean> {
  return pass(source, () => undefined);
}

/** Reads a small body into memory. */
export async function readSmallBody(
  source: BodySource,
  limit: number,
): Promise<{ bytes: Buffer; cut: boolean }> {
  const chunks: Buffer[] = [];
  let length = 0;
  const cut = await pass(source, (bytes) => {
    length += bytes.length;
    if (length <= limit) chunks.push(bytes);
  });
  return { bytes: Buffer.concat(chunks), cut };
}

/** True when the body was cut: by the client, the network, or a fault. */
async function pass(source: BodySource, use: (bytes: Buffer) => void | Promise<void>): Promise<boolean> {
  let received = 0;
  if (source.cutAfter === 0) return true;
  try {
    // Whoever cuts a body destroys the connection when what was kept is in its place, not before.
    for await (const chunk of source.request.iterator({ destroyOnReturn: false })) {
      const bytes = (chunk as Buffer).subarray(0, source.cutAfter - received);
      received += bytes.length;
      await source.lane.take(bytes.length);
      await source.onBytes(bytes.length);
      await use(bytes);
      if (received >= source.cutAfter) return true;
    }
    await source.lane.settle();
    return !source.request.complete;
  } catch (error) {
    // Also of a request that arrived whole: what was not read yet is lost with the connection.
    if (!isBrokenConnection(error)) throw error;
    return true;
  }
}

function isBrokenConnection(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'HPE_INVALID_EOF_STATE'].includes(code);
}

/** A part file while it grows. */
class Spool {
  private readonly blobs: Blobs;
  private readonly hasher = new ContentHasher();
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private length = 0;
  private target: { name: string; path: string } | undefined;
  private file: FileHandle | undefined;

  constructor(blobs: Blobs) {
    this.blobs = blobs;
  }

  async write(bytes: Buffer): Promise<void> {
    this.length += bytes.length;
    if (this.length > bodyLimit) {
      this.waiting = []; // only counted from here on: the request is refused
      return;
    }
    this.hasher.update(bytes);
    this.waiting.push(bytes);
    this.waitingBytes += bytes.length;
    if (this.waitingBytes >= writeBlock) await this.flush();
  }

  async end(): Promise<Omit<ReceivedBody, 'cut'>> {
    const tooLarge = this.length > bodyLimit;
    if (tooLarge) {
      await this.abandon();
      return { length: this.length, contentHash: '', tooLarge };
    }
    await this.flush();
    await this.file?.close();
    const digests = this.hasher.blockDigests();
    const received = { length: this.length, contentHash: hashOfDigests(digests), tooLarge };
    if (this.target === undefined) return received;
    return { ...received, part: { file: this.target.name, length: this.length, digests } };
  }

  async abandon(): Promise<void> {
    await this.file?.close();
    if (this.target !== undefined)
      this.blobs.discardLoose({ file: this.target.name, length: 0, digests: '' });
  }

  private async flush(): Promise<void> {
    if (this.waitingBytes === 0) return;
    this.target ??= this.blobs.newPartFile();
    this.file ??= await open(this.target.path, 'w');
    const chunks = this.waiting;
    this.waiting = [];
    this.waitingBytes = 0;
    await this.file.writev(chunks);
  }
}

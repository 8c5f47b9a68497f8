// Where bytes lie: each request body is one part file, a blob is a list of parts, and nothing is ever written twice.
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { blockSize, ContentHasher, hashOfDigests } from './content-hash.ts';
import type { DurableMap, DurableState } from './durable.ts';

/** Bytes of one request body on disk. */
export interface Part {
  file: string;
  length: number;
  /** SHA-256 of each 4 MiB block of the part, in hex, one after the other. */
  digests: string;
}

/** The contents of files, known by their content_hash. Contents that exist already are not kept twice. */
export class Blobs {
  private readonly parts: string;
  private readonly blobs: DurableMap<Part[]>;

  constructor(directory: string, state: DurableState) {
    this.parts = join(directory, 'parts');
    mkdirSync(this.parts, { recursive: true });
    this.blobs = state.map<Part[]>('blob');
  }

  newPartFile(): { name: string; path: string } {
    const name = randomUUID();
    return { name, path: this.pathOf(name) };
  }

  discard(part: Part | undefined): void {
    if (part !== undefined) rmSync(this.pathOf(part.file), { force: true });
  }

  /** What the parts are when read one after the other. */
  contentHash(parts: readonly Part[]): string {
    const aligned = parts.slice(0, -1).every((part) => part.length % blockSize === 0);
    if (aligned) return hashOfDigests(parts.map((part) => part.digests).join(''));
    const hasher = new ContentHasher();
    const buffer = Buffer.allocUnsafe(1024 * 1024);
    for (const part of parts) {
      const file = openSync(this.pathOf(part.file), 'r');
      for (let read = -1; read !== 0;) {
        read = readSync(file, buffer);
        hasher.update(buffer.subarray(0, read));
      }
      closeSync(file);
    }
    return hashOfDigests(hasher.blockDigests());
  }

  /** Takes the parts over as the contents with this hash. */
  keep(contentHash: string, parts: readonly Part[]): void {
    if (this.blobs.get(contentHash) === undefined) this.blobs.set(contentHash, [...parts]);
    else for (const part of parts) this.discard(part);
  }

  /** Puts bytes of a test there directly. */
  write(bytes: Buffer): Part {
    const { name, path } = this.newPartFile();
    writeFileSync(path, bytes);
    const hasher = new ContentHasher();
    hasher.update(bytes);
    return { file: name, length: bytes.length, digests: hasher.blockDigests() };
  }

  /** The bytes from `start` up to, not including, `end`. */
  async *read(contentHash: string, start: number, end: number): AsyncGenerator<Buffer> {
    let offset = 0;
    for (const part of this.blobs.get(contentHash) ?? []) {
      const from = Math.max(start - offset, 0);
      const to = Math.min(end - offset, part.length);
      offset += part.length;
      if (from >= to) continue;
      const stream = createReadStream(this.pathOf(part.file), {
        start: from,
        end: to - 1,
        highWaterMark: 256 * 1024,
      });
      for await (const chunk of stream) yield chunk as Buffer;
    }
  }

  readWhole(contentHash: string): Buffer {
    return Buffer.concat((this.blobs.get(contentHash) ?? []).map((part) => this.readPart(part)));
  }

  readPart(part: Part): Buffer {
    return readFileSync(this.pathOf(part.file));
  }

  private pathOf(name: string): string {
    return join(this.parts, name);
  }
}

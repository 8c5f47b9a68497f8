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
  /** Parts of requests that are under way. */
  private readonly loose = new Set<string>();

  constructor(directory: string, state: DurableState) {
    this.parts = join(directory, 'parts');
    mkdirSync(this.parts, { recursive: true });
    this.blobs = state.map<Part[]>('blob');
  }

  newPartFile(): { name: string; path: string } {
    const name = randomUUID();
    this.loose.add(name);
    return { name, path: this.pathOf(name) };
  }

  /** The part belongs to an upload session or a file from now on. */
  adopt(part: Part | undefined): void {
    if (part !== undefined) this.loose.delete(part.file);
  }

  /** Call when a request ends: what it brought and nobody adopted is removed. */
  discardLoose(part: Part | undefined): void {
    if (part !== undefined && this.loose.delete(part.file)) this.remove([part]);
  }

  remove(parts: readonly Part[]): void {
    for (const { file } of parts) rmSync(this.pathOf(file), { force: true });
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

  /** Takes the parts over as the contents with this hash. Returns those to remove, since the contents are known. */
  keep(contentHash: string, parts: readonly Part[]): readonly Part[] {
    for (const part of parts) this.adopt(part);
    if (this.blobs.get(contentHash) !== undefined) return parts;
    this.blobs.set(contentHash, [...parts]);
    return [];
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

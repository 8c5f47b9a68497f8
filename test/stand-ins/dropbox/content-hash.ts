// The content_hash of Dropbox: SHA-256 over the SHA-256 digests of 4 MiB blocks.
import { createHash, type Hash } from 'node:crypto';

export const blockSize = 4 * 1024 * 1024;

/** Hashes bytes as they pass. The digests of the blocks stay available, so that whole files need no second pass. */
export class ContentHasher {
  private readonly digests: Buffer[] = [];
  private block: Hash | undefined;
  private inBlock = 0;

  update(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0) {
      const piece = rest.subarray(0, blockSize - this.inBlock);
      this.block ??= createHash('sha256');
      this.block.update(piece);
      this.inBlock += piece.length;
      if (this.inBlock === blockSize) this.endBlock();
      rest = rest.subarray(piece.length);
    }
  }

  /** The digests of all blocks, one after the other, as hex. No more bytes may follow. */
  blockDigests(): string {
    this.endBlock();
    return Buffer.concat(this.digests).toString('hex');
  }

  private endBlock(): void {
    if (this.block !== undefined) this.digests.push(this.block.digest());
    this.block = undefined;
    this.inBlock = 0;
  }
}

/** The content_hash that belongs to block digests in hex. */
export function hashOfDigests(digests: string): string {
  return createHash('sha256').update(Buffer.from(digests, 'hex')).digest('hex');
}

export function contentHashOf(bytes: Buffer): string {
  const hasher = new ContentHasher();
  hasher.update(bytes);
  return hashOfDigests(hasher.blockDigests());
}

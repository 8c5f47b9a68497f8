// SHA-256 and Dropbox content hash of the same bytes in one pass.
// https://www.dropbox.com/developers/reference/content-hash
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';

/** The block of the Dropbox content hash. */
export const contentBlockBytes = 4 * 1024 * 1024;

/** Size and hashes of a run of bytes. */
interface BytesDigest {
  sizeBytes: number;
  sha256: string;
  contentHash: string;
  /** The SHA-256 of each block of 4 MiB, in order, 32 bytes each: what the content hash is the hash of. */
  blockDigests: Uint8Array;
}

/** Takes bytes in order, in pieces of any size; then `finish`, once. */
export interface Digester {
  update(bytes: Uint8Array): void;
  finish(): BytesDigest;
}

/**
 * A digester that has seen no bytes yet. It keeps none of them: handing whole blocks to the thread pool was faster on
 * an idle machine, but held 16 MB more, and beside an integrity check there is no idle core to gain.
 */
export function createDigester(): Digester {
  const whole = createHash('sha256');
  const blocks: Buffer[] = [];
  let sizeBytes = 0;
  let part: Hash | undefined; // the block that is not complete yet
  let partBytes = 0;
  return {
    update(bytes) {
      whole.update(bytes);
      sizeBytes += bytes.length;
      for (let at = 0; at < bytes.length;) {
        const piece = bytes.subarray(at, at + contentBlockBytes - partBytes);
        part = (part ?? createHash('sha256')).update(piece);
        partBytes += piece.length;
        at += piece.length;
        if (partBytes < contentBlockBytes) continue;
        blocks.push(part.digest());
        part = undefined;
        partBytes = 0;
      }
    },
    finish() {
      if (part !== undefined) blocks.push(part.digest());
      const blockDigests = Buffer.concat(blocks);
      const contentHash = createHash('sha256').update(blockDigests).digest('hex');
      return { sizeBytes, sha256: whole.digest('hex'), contentHash, blockDigests };
    },
  };
}

/** The Dropbox content hash of bytes in memory. */
export function contentHashOf(bytes: Uint8Array): string {
  const digester = createDigester();
  digester.update(bytes);
  return digester.finish().contentHash;
}

// What rows of a bucket amount to, whatever their order: a count, a sum and an exclusive or of their hashes. An exclusive or
// alone would not see two equal rows too many, and a sum alone not two errors that cancel out.
import type { Digest } from './peer.ts';

/** Adds up rows. In halves of 32 bits: a bigint for each row would cost more than its hash. */
export class DigestSum {
  #rows = 0;
  #sumHigh = 0;
  #sumLow = 0;
  #xorHigh = 0;
  #xorLow = 0;

  /** A row, by its hash: 16 hex digits (canonical.ts). */
  add(hash: string): void {
    const [highHalf, lowHalf] = [high(hash), low(hash)];
    this.#addSum(highHalf, lowHalf);
    this.#addXor(highHalf, lowHalf);
    this.#rows += 1;
  }

  /** All rows of another bucket. */
  addDigest({ rows, sum, xor }: Digest): void {
    this.#addSum(high(sum), low(sum));
    this.#addXor(high(xor), low(xor));
    this.#rows += rows;
  }

  digest(): Digest {
    return {
      rows: this.#rows,
      sum: hex(this.#sumHigh) + hex(this.#sumLow),
      xor: hex(this.#xorHigh) + hex(this.#xorLow),
    };
  }

  #addSum(highHalf: number, lowHalf: number): void {
    const lowSum = this.#sumLow + lowHalf;
    this.#sumLow = lowSum >>> 0;
    this.#sumHigh = (this.#sumHigh + highHalf + (lowSum > 0xffff_ffff ? 1 : 0)) >>> 0;
  }

  #addXor(highHalf: number, lowHalf: number): void {
    this.#xorHigh = (this.#xorHigh ^ highHalf) >>> 0;
    this.#xorLow = (this.#xorLow ^ lowHalf) >>> 0;
  }
}

/** Of no rows. */
export const emptyDigest: Digest = new DigestSum().digest();

/** Of the rows of all of them together. */
export function mergeDigests(digests: Iterable<Digest>): Digest {
  const sum = new DigestSum();
  for (const digest of digests) sum.addDigest(digest);
  return sum.digest();
}

export function sameDigest(one: Digest, other: Digest): boolean {
  return one.rows === other.rows && one.sum === other.sum && one.xor === other.xor;
}

function high(hex: string): number {
  return Number.parseInt(hex.slice(0, 8), 16);
}

function low(hex: string): number {
  return Number.parseInt(hex.slice(8), 16);
}

function hex(half: number): string {
  return half.toString(16).padStart(8, '0');
}

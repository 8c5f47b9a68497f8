// How much goes into one append: enough that its round trip does not count, not so much that losing it hurts.
import type { Clock } from '../../base/clock.ts';
import { contentBlockBytes } from '../../files/digester.ts';

const firstBytes = 2 * contentBlockBytes;
/** Dropbox takes 150 MiB at once; the body is streamed, so this costs no memory. */
const mostBytes = 24 * contentBlockBytes;
/** With appends of this length, a round trip of 50 ms is less than a hundredth, and a lost one is no tragedy. */
const aimedMs = 8000;

/** The size of the next append, in whole blocks of the content hash. */
export interface ChunkSize {
  readonly bytes: number;
  /** Call when an append begins, and what it returns when it is done, with its bytes. */
  start(): (bytes: number) => void;
  /** After a failure: less is at stake next time. */
  shrink(): void;
}

export function createChunkSize(clock: Clock): ChunkSize {
  let bytes = firstBytes;
  return {
    get bytes() {
      return bytes;
    },
    start() {
      const startedMs = clock.monotonicMs();
      return (sentBytes) => {
        const ms = Math.max(1, clock.monotonicMs() - startedMs);
        bytes = wholeBlocks((sentBytes / ms) * aimedMs);
      };
    },
    shrink() {
      bytes = wholeBlocks(bytes / 2);
    },
  };
}

function wholeBlocks(bytes: number): number {
  const blocks = Math.floor(bytes / contentBlockBytes);
  return Math.min(mostBytes, Math.max(1, blocks) * contentBlockBytes);
}

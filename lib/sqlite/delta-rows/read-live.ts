// How the rows of a live database are read so that its app never feels it: in WAL mode all at once, for a reader holds nobody
// up there; else a few milliseconds at a time, with as long a pause behind each, for its commits wait for whoever reads.
import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../open.ts';
import { type ReadRows, readAtOnce } from './read-buckets.ts';

/** A step is made shorter when it took longer, and longer when it took less than half of it. */
const stepMsMax = 20;

const rows = { first: 200, max: 20_000 };

/** Rows that were changed between two steps may be read as they were or as they are: who compares knows which those are. */
export function readLive(database: Database): ReadRows {
  return database.pragma('journal_mode', { simple: true }) === 'wal' ? readAtOnce : readInSteps;
}

export const readInSteps: ReadRows = async (scan) => {
  let size = rows.first;
  for (;;) {
    const began = performance.now();
    const goesOn = scan.step(size);
    const tookMs = performance.now() - began;
    if (!goesOn) return;
    if (tookMs > stepMsMax) size = Math.max(1, Math.floor(size / 2));
    else if (tookMs < stepMsMax / 2) size = Math.min(rows.max, size * 2);
    await delay(Math.min(tookMs, stepMsMax));
  }
};

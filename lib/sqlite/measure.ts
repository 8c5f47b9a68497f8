// What a database file holds, measured afresh from its bytes: the facts a manifest records and a restore compares.
import type { Integrity, Measurement, MeasureOptions } from '../source/source.ts';
import type { MeasuredFacts } from '../source/facts.ts';
import { runWorker } from './work.ts';

/** The input of both workers. */
export interface MeasureWork {
  path: string;
  /** What messages call the file: it may lie in scratch, under a name that tells nobody anything. */
  called: string;
}

/** SQLite's check is one long call that says nothing on its way: this says that it is at work. */
const beatMs = 1000;

/**
 * Reads a database file that nobody writes and measures it: integrity check, then rows per table, schema hash and
 * foreign keys. One after the other: side by side they took a tenth less time, and a second thread's memory more.
 * Leaves no side files.
 *
 * Damage that SQLite can name is data in the result. Throws OpsError `damaged` where the file cannot be read at all.
 */
export async function measureDatabase(path: string, options: MeasureOptions = {}): Promise<Measurement> {
  const input: MeasureWork = { path, called: options.called ?? path };
  const work = { signal: options.signal, waitForEnd: false };
  const beat = setInterval(() => options.onBeat?.(), beatMs);
  try {
    const integrity = await runWorker<Integrity>('./integrity-worker.ts', input, work);
    const facts = await runWorker<MeasuredFacts>('./facts-worker.ts', input, work);
    return { facts, integrity };
  } finally {
    clearInterval(beat);
  }
}

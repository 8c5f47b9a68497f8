// Entries of the log that everybody has: taken away a few thousand at a time, and the newest never, for its number is what
// keeps any from being given twice.
import type { Database } from '../open.ts';
import type { OwnState } from './own-state.ts';

/** One transaction takes away no more: it holds the app's lock for some milliseconds. */
const entriesMax = 5000;

/** How many went, within a transaction of the caller's. */
export function pruneLog(database: Database, own: OwnState): number {
  const { ackedSeq } = own.read();
  const others = database.prepare('SELECT min(seq) FROM main._holdfast_reader').pluck().get() as
    number | null;
  const upTo = Math.min(ackedSeq, others ?? ackedSeq);
  const oldest = Number(database.prepare('SELECT min(seq) FROM main._holdfast_log').pluck().get() ?? 0);
  return database
    .prepare(
      'DELETE FROM main._holdfast_log WHERE seq <= ? AND seq <= ? AND seq < (SELECT max(seq) FROM main._holdfast_log)',
    )
    .run(upTo, oldest + entriesMax).changes;
}

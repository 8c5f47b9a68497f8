// Corrections of staff in an app's database, and what is remembered of them: beside its rows where triggers note changes there,
// else in a file of ours, where killed in between costs nothing: the same rows are found to be as they should.
import type { Capture, CorrectedRow, RereadKeys } from '../../delta/capture.ts';
import { isSameName } from '../../delta/day.ts';
import type { Correction } from '../../delta/peer.ts';
import type { Database } from '../open.ts';
import { correctRows } from './correct.ts';
import type { Diff } from './diff.ts';
import { ownState } from './own-state.ts';
import type { StockedTable } from './stock.ts';

export interface CorrectingHow {
  readonly held: readonly RereadKeys[];
  readonly through: number;
  readonly isApplied: boolean;
  /** Those that are refused stay as they are here, and keep none of the others. */
  readonly leavesRefused: boolean;
}

interface Databases {
  readonly path: string;
  readonly own: Database;
  readonly database: Database;
  openWriter(): Database;
}

interface Known {
  readonly tables: readonly StockedTable[];
  readonly diff: Diff;
  readonly capture: Pick<Capture, 'pending'>;
}

/** More keys that wait are not told apart from rows that staff corrected. */
const pendingMax = 50_000;

export function correctApp(
  { path, own, database: reader, openWriter }: Databases,
  { tables, diff, capture }: Known,
  corrections: readonly Correction[],
  { held, through, isApplied, leavesRefused }: CorrectingHow,
): readonly CorrectedRow[] {
  const hasLog = own === reader;
  const database = hasLog || !isApplied ? reader : openWriter();
  try {
    const remember = () => ownState(own).write({ corrections: through });
    const note = hasLog ? remember : () => undefined;
    const pending = () => capture.pending(pendingMax);
    const parts = { database, path, tables, hasLog, held, pending, note };
    const rows = correctRows(parts, corrections, { isApplied, leavesRefused });
    if (!isApplied || (!leavesRefused && rows.some(({ refusal }) => refusal !== undefined))) return rows;
    diff.agree(rows.flatMap((row) => agreedRow(tables, row)));
    if (!hasLog) remember();
    return rows;
  } finally {
    if (database !== reader) database.close();
  }
}

/** What need not be sent: the row is what it is at the receiver, and is ours there. */
function agreedRow(tables: readonly StockedTable[], { correction, before, after, state }: CorrectedRow) {
  const table = tables.find(({ name }) => isSameName(name, correction.shape.name));
  if (table === undefined || state !== 'applied' || before === undefined) return [];
  return [{ table, key: correction.key, cells: after }];
}

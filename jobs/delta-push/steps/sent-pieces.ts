// The rows of a walk are not named one by one by the receiver when replies were lost: the walk itself goes on from where the database
// has it. Where the database was put back to before that walk began, nothing of it goes on, and it has to begin once more.
import type { BatchHeader } from '../../../lib/delta/batch.ts';
import type { Capture } from '../../../lib/delta/capture.ts';
import type { Cell } from '../../../lib/delta/cell.ts';
import { formatKey } from '../../../lib/delta/held-payload.ts';
import type { SentPieces } from '../../../lib/delta/sender-record.ts';

/** With the piece that this batch is, where it is one. Those that were sent before the nonce are known to have arrived. */
export function sentPieces(
  before: SentPieces | undefined,
  { range, tables, heldNonce }: BatchHeader,
): SentPieces | undefined {
  const kept = before !== undefined && before.nonce === heldNonce ? before.pieces : [];
  if (heldNonce === undefined) return undefined;
  if (range === undefined) return kept.length === 0 ? undefined : { nonce: heldNonce, pieces: kept };
  const piece = { table: tables[range.table]?.name ?? '', after: keyText(range.after) };
  const others = kept.filter(({ table, after }) => table !== piece.table || after !== piece.after);
  return { nonce: heldNonce, pieces: [...others, piece] };
}

/** The tables of which a piece was sent that the database, as it is now, would not send next. */
export function walksBegunSince(
  walked: SentPieces | undefined,
  capture: Pick<Capture, 'state' | 'tables'>,
): string[] {
  if (walked === undefined || walked.nonce !== capture.state().nonce) return [];
  const walking = new Map(
    capture.tables().map(({ shape, state, walkedTo }) => [shape.name, { state, at: keyText(walkedTo) }]),
  );
  const begun = walked.pieces.filter(({ table, after }) => {
    const now = walking.get(table);
    return now?.state !== 'walk' || now.at !== after;
  });
  return [...new Set(begun.map(({ table }) => table))];
}

/** A walk begins anew now and then, while an app changes its schema. */
const repeatsMax = 20;

/** Throws where the same piece is sent again and again, which would never end. */
export function moveGuard(): (sent: BatchHeader) => void {
  let [last, repeats] = ['', 0];
  return ({ range, tables }) => {
    const name = range && tables[range.table]?.name;
    const piece = range === undefined ? '' : `${name} ${keyText(range.after)}`;
    repeats = piece !== '' && piece === last ? repeats + 1 : 0;
    last = piece;
    if (repeats >= repeatsMax) throw new Error(`a piece of ${name} was sent ${repeats + 1} times`);
  };
}

function keyText(key: readonly Cell[] | undefined): string {
  return key === undefined ? '' : formatKey(key);
}

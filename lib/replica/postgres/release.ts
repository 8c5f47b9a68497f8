// Held changes that are taken in after all: by the same rules, for what holds them may still hold.
import type { Cell } from '../../delta/cell.ts';
import { childrenOf, isSameName } from '../../delta/day.ts';
import type { Disposition } from '../../delta/disposition.ts';
import { formatKey, parseHeldRow } from '../../delta/held-payload.ts';
import { stampOfDate } from '../../delta/last-write.ts';
import type { TableShape } from '../../delta/shape.ts';
import type { HeldQuery } from '../replica.ts';
import { correctedSince, findHeld, type Held } from './remembered.ts';
import { stampsOf } from './sources.ts';
import type { TakenTable } from './meeting.ts';
import { Taker } from './taker.ts';
import type { Writing } from './transaction.ts';

/** So many are taken in together, of those that come one after another from one batch. */
const pieceRows = 1000;

/** `isReleased`: a person has decided: then nothing but a frozen day, or a later change, keeps them back. */
export async function takeHeld(
  writing: Writing,
  query: HeldQuery,
  isReleased: boolean,
): Promise<{ applied: number; stillHeld: number }> {
  return takeRecords(writing, await findHeld(writing.session, query, 'taken'), isReleased);
}

/** What was held because it lay ahead of the clock is taken in by itself once it does not. */
export async function takeDue(writing: Writing): Promise<void> {
  const due = await findHeld(writing.session, { dueBy: stampOfDate(writing.now) }, 'taken');
  if (due.length > 0) await takeRecords(writing, due, false);
}

/** What was held because its parent was not there is taken in once it is. `tables`: those that may have new rows. */
export async function takeOrphans(writing: Writing, tables: readonly string[]): Promise<void> {
  for (const table of childrenOf(writing.policy, tables)) {
    const orphans = await findHeld(writing.session, { table, reason: 'no-day' }, 'taken');
    if (orphans.length > 0) await takeRecords(writing, orphans, false);
  }
}

async function takeRecords(
  writing: Writing,
  held: readonly Held[],
  isReleased: boolean,
): Promise<{ applied: number; stillHeld: number }> {
  const { session, tables } = writing;
  const corrected = isReleased ? new Set<number>() : await correctedSince(session);
  const records = held.filter(({ change }) => !corrected.has(change.id));
  const stamps = await stampsOf(session, [...new Set(records.map(({ batch }) => batch))]);
  const taker = new Taker(writing);
  let stillHeld = held.length - records.length;
  for (const piece of piecesOf(records)) {
    const [first] = piece;
    const mirror = first === undefined ? undefined : tables.mirror(first.change.table);
    if (first === undefined || mirror === undefined) {
      stillHeld += piece.length;
      continue;
    }
    const origin = {
      source: { id: first.sourceId, name: first.change.source },
      batch: first.batch,
      stamp: stamps.get(first.batch) ?? 0,
      isWalked: first.isWalked,
      isReleased,
    };
    const dispositions = await takePiece(taker, taker.table(mirror), piece, origin);
    stillHeld += dispositions.filter((disposition) => disposition.do === 'hold').length;
  }
  const applied = held.length - stillHeld;
  if (applied > 0) await takeOrphans(writing, [...new Set(records.map(({ change }) => change.table))]);
  return { applied, stillHeld };
}

function piecesOf(records: readonly Held[]): Held[][] {
  const pieces: Held[][] = [];
  for (const record of records) {
    const piece = pieces.at(-1);
    const [first] = piece ?? [];
    if (piece === undefined || first === undefined || piece.length >= pieceRows || !isAlike(first, record))
      pieces.push([record]);
    else piece.push(record);
  }
  return pieces;
}

function isAlike(one: Held, other: Held): boolean {
  const [{ change, batch, isWalked }, { change: next }] = [one, other];
  const isOfBatch = batch === other.batch && isWalked === other.isWalked;
  return isOfBatch && change.kind === next.kind && change.table === next.table;
}

function takePiece(
  taker: Taker,
  table: TakenTable,
  piece: readonly Held[],
  origin: Parameters<Taker['takeRows']>[2],
): Promise<Disposition[]> {
  if (piece[0]?.change.kind === 'tombstone')
    return taker.takeDeletions(
      table,
      piece.map(({ change: { key } }) => ({ key: formatKey(key), cells: key })),
      origin,
    );
  const rows = piece.map(({ change: { key }, payload }) => ({
    key: formatKey(key),
    cells: inShape(table.mirror.shape, parseHeldRow(payload ?? '')),
  }));
  return taker.takeRows(table, rows, origin);
}

/** The row in the columns that the table has now; NULL in those that it did not have then. */
function inShape(
  shape: TableShape,
  { columns, cells }: { columns: readonly string[]; cells: readonly Cell[] },
): Cell[] {
  return shape.columns.map(
    ({ name }) => cells[columns.findIndex((column) => isSameName(column, name))] ?? null,
  );
}

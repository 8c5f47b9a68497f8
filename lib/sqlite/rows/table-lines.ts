// All rows of a table, one a line: read by this thread, or by it and a second one that holds the same instant.
import type { JsonStyle } from '../../export/style.ts';
import { type Database, quoteIdentifier } from '../open.ts';
import { batchReader, type NumberedTable } from './batches.ts';
import type { FrameWriter } from './frames.ts';
import { eachRow, type Selection } from './read-cells.ts';
import { rowWriter } from './row-text.ts';
import { GivenUp, type Share, Shares } from './shares.ts';
import { numberedTable, someRows, wholeTable } from './table-shape.ts';

export interface Lines {
  table: string;
  style: JsonStyle;
  /** Before the first row, and between two. */
  begin: string;
  separator: string;
}

/** What a second thread is asked: to take shares of the table until there are none, and to write them. */
export interface SharedLines {
  lines: Lines;
  /** See Shares. */
  memory: SharedArrayBuffer;
  rowsPerShare: number;
}

/** A second thread that holds the same instant, and writes to the same place. */
export interface SecondWriter {
  share(shared: SharedLines): Promise<unknown>;
  /** Whether it lives: it may have run out of memory. */
  isThere(): boolean;
}

/** Enough to be worth a turn, and few enough to be held until it comes. */
const usualRowsPerShare = 1000;

/** Writes the rows, together with the second thread if there is one, and says whether there is any. */
export async function writeLines(
  database: Database,
  lines: Lines,
  frames: FrameWriter,
  {
    second,
    rowsPerShare = usualRowsPerShare,
  }: { second?: SecondWriter | undefined; rowsPerShare?: number } = {},
): Promise<boolean> {
  const numbered = numberedTable(database, lines.table);
  if (numbered === undefined) return writeRows(database, wholeTable(database, lines.table), lines, frames);
  const first = firstNumber(database, numbered);
  if (first === undefined) return false;
  frames.emit(lines.begin);
  const shares = Shares.from(first);
  const isLarge = shareEnd(database, numbered, rowsPerShare)(first) !== undefined;
  if (second === undefined || !isLarge) writeShares(database, lines, shares, frames, undefined);
  else await writeByTwo(database, { lines, memory: shares.memory, rowsPerShare }, frames, second);
  return true;
}

async function writeByTwo(
  database: Database,
  shared: SharedLines,
  frames: FrameWriter,
  second: SecondWriter,
): Promise<void> {
  frames.flush();
  const theirs = second.share(shared);
  theirs.catch(() => undefined); // waited for below
  try {
    writeSharedLines(database, shared, frames, () => second.isThere());
  } catch (error) {
    if (!(error instanceof GivenUp)) {
      await theirs.catch(() => undefined); // it writes to where we do: nothing is written before it has ended
      throw error;
    }
  }
  await theirs;
}

/** Takes shares and writes them, in turn with the other thread. Where it cannot, the other one gets no further. */
export function writeSharedLines(
  database: Database,
  { lines, memory, rowsPerShare }: SharedLines,
  frames: FrameWriter,
  isOtherThere?: () => boolean,
): void {
  const shares = new Shares(memory, { isOtherThere });
  try {
    writeShares(database, lines, shares, frames, rowsPerShare);
  } catch (error) {
    shares.giveUp();
    throw error;
  }
}

function writeShares(
  database: Database,
  lines: Lines,
  shares: Shares,
  frames: FrameWriter,
  rowsPerShare: number | undefined,
): void {
  const { table, style, separator } = lines;
  const numbered = numberedTable(database, table);
  if (numbered === undefined) throw new Error(`${table}: its rows have no numbers any more`);
  const end = rowsPerShare === undefined ? () => undefined : shareEnd(database, numbered, rowsPerShare);
  let before = '';
  const add = (text: string | Uint8Array) => {
    if (before !== '') frames.emit(before);
    frames.emit(text);
    before = separator;
  };
  const read = batchReader(database, numbered, { style, separator }, add, (first, last) =>
    eachRowText(database, someRows(database, numbered, first, last), style, add),
  );
  try {
    for (let share = shares.take(end); share !== undefined; share = shares.take(end)) {
      frames.turn = turnOf(shares, share);
      before = share.index === 0 ? '' : separator;
      read(share.first, share.last);
      frames.flush();
      shares.waitForTurnOf(share); // also where it had no row
      shares.pass(share);
    }
  } finally {
    frames.turn = undefined;
  }
}

function turnOf(shares: Shares, share: Share): FrameWriter['turn'] {
  return { isOurs: () => shares.isTurnOf(share), wait: () => shares.waitForTurnOf(share) };
}

/** Where a share ends that begins with a number; undefined where there are no more rows than it may have. */
function shareEnd(database: Database, { table, rowid }: NumberedTable, rowsPerShare: number) {
  const last = database
    .prepare<[bigint], bigint>(
      `SELECT ${rowid} FROM main.${quoteIdentifier(table)} WHERE ${rowid} >= ? ORDER BY ${rowid} LIMIT 1 OFFSET ${rowsPerShare - 1}`,
    )
    .pluck()
    .safeIntegers();
  return (first: bigint) => last.get(first);
}

function firstNumber(database: Database, { table, rowid }: NumberedTable): bigint | undefined {
  const sql = `SELECT min(${rowid}) FROM main.${quoteIdentifier(table)}`;
  return (database.prepare(sql).pluck().safeIntegers().get() as bigint | null) ?? undefined;
}

function writeRows(
  database: Database,
  selection: Selection,
  { style, begin, separator }: Lines,
  frames: FrameWriter,
): boolean {
  let before = begin;
  let isAny = false;
  eachRowText(database, selection, style, (text) => {
    frames.emit(before);
    frames.emit(text);
    before = separator;
    isAny = true;
  });
  return isAny;
}

function eachRowText(
  database: Database,
  selection: Selection,
  style: JsonStyle,
  take: (text: string) => void,
): void {
  const rowText = rowWriter(selection.columns, style, 0);
  eachRow(database, selection, (row) => take(rowText(row)));
}

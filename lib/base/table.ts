// Rows as columns that fit a terminal. To a file or a pipe a table is as wide as its cells, whatever ran it. Pure.
import { printable } from './printable.ts';
import { padToWidth, textWidth, wrapText } from './text-width.ts';

/** Where it is shown. */
export interface TableRoom {
  /** How wide it may be; as wide as it is unless given. */
  readonly columns?: number | undefined;
  /** Columns, by their places, that say in other words what another says: where there is no room they go first. */
  readonly spare?: readonly number[];
}

const between = '  ';
const below = '    ';
/** A column of text is not made narrower: what is as short as a time reads badly in two lines. */
const wrappedMin = 20;

/** The lines of all rows: columns are padded with two spaces between, the last one is not. */
export function formatTable(cells: readonly (readonly string[])[], room: TableRoom = {}): string[] {
  return formatRows(cells, room).flat();
}

/**
 * The lines of each row, for who says something below one. Where there is no room for it as it is, spare columns are left out,
 * then the widest are wrapped; then a row has two lines; where not even its words have room, its cells stand below each other. Nothing is
 * cut.
 */
export function formatRows(
  cells: readonly (readonly string[])[],
  { columns = Infinity, spare = [] }: TableRoom = {},
): string[][] {
  const rows = cells.map((row) => row.map(printable));
  return fitted(rows, columns, spare) ?? folded(rows, columns, spare) ?? stacked(rows, columns);
}

/** Undefined where there is no room for columns. */
function fitted(
  rows: readonly string[][],
  columns: number,
  spare: readonly number[],
): string[][] | undefined {
  if (totalOf(widthsOf(rows)) <= columns) return inColumns(rows, widthsOf(rows));
  const needed = spare.length === 0 ? rows : rows.map((row) => row.filter((_, i) => !spare.includes(i)));
  const widths = narrowed(needed, columns);
  return widths && inColumns(needed, widths);
}

/** In two lines, broken beside the widest column: a name has the first for itself, a sentence the second. */
function folded(
  rows: readonly string[][],
  columns: number,
  spare: readonly number[],
): string[][] | undefined {
  const widths = widthsOf(rows);
  const widest = widths.indexOf(Math.max(...widths));
  const at = widest === widths.length - 1 ? widest : widest + 1;
  const above = fitted(
    rows.map((row) => row.slice(0, at)),
    columns,
    spare,
  );
  const others = fitted(
    rows.map((row) => row.slice(at)),
    columns - below.length,
    spare.map((place) => place - at),
  );
  return (
    above &&
    others?.map((lines, row) => [
      ...(above[row] ?? []),
      ...lines.filter((line) => line !== '').map((line) => below + line),
    ])
  );
}

function inColumns(rows: readonly string[][], widths: readonly number[]): string[][] {
  return rows.map((row) => {
    const wrapped = row.map((cell, i) => wrapText(cell, widths[i] ?? 0));
    const height = Math.max(0, ...wrapped.map(({ length }) => length));
    return Array.from({ length: height }, (_, at) =>
      wrapped
        .map((lines, i) => padToWidth(lines[at] ?? '', widths[i] ?? 0))
        .join(between)
        .trimEnd(),
    );
  });
}

/** The widths with which all of it fits, the widest columns made narrower first; undefined where words would be broken. */
function narrowed(rows: readonly string[][], columns: number): number[] | undefined {
  const widths = widthsOf(rows);
  const least = widthsOf(rows.map((row) => row.map(widestWord)));
  const mayShrink = (i: number) => (widths[i] ?? 0) > Math.max(wrappedMin, least[i] ?? 0);
  while (totalOf(widths) > columns) {
    const candidates = [...widths.keys()].filter(mayShrink);
    const [widest] = candidates.sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0));
    if (widest === undefined) return undefined;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

/** The first cell, and the others below it. */
function stacked(rows: readonly string[][], columns: number): string[][] {
  return rows.map(([first = '', ...others]) => [
    ...wrapText(first, columns),
    ...others.filter((cell) => cell !== '').flatMap((cell) => wrapText(below + cell, columns)),
  ]);
}

function widthsOf(rows: readonly string[][]): number[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, textWidth(cell))));
  return widths;
}

function totalOf(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, between.length * (widths.length - 1));
}

/** The longest part of a cell that stays on one line, with the indent before it. */
function widestWord(cell: string): string {
  const [indent = ''] = /^ */.exec(cell) ?? [];
  return cell
    .trimStart()
    .split(' ')
    .map((word) => indent + word)
    .reduce((widest, word) => (textWidth(word) > textWidth(widest) ? word : widest), '');
}

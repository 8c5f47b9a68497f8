// Rows of a large table as JSON, one a line, a thousand at a time: SQLite's own JSON functions make the text, for what costs
// most is to bring single values over to JavaScript. They are not exact for a REAL, and know no bytes: such a value is a
// mark in the text, which its exact JSON takes the place of.
import { randomBytes } from 'node:crypto';
import { type Cell, cellJson } from '../../export/cell.ts';
import { escapeBeyondAscii, type JsonStyle } from '../../export/style.ts';
import { type Database, quoteIdentifier } from '../open.ts';
import { replacement } from './read-cells.ts';

const rowsPerBatch = 1000;
/** SQLite's functions take no more arguments (https://sqlite.org/limits.html), and a column needs two. */
const columnsMax = 60;

/** Under this name a batch has the numbers of its rows beside their columns. */
const numberName = 'holdfast_row_number';

/** A table whose rows have a number. */
export interface NumberedTable {
  table: string;
  columns: readonly string[];
  /** A name of the rowid that no column has. */
  rowid: string;
}

/** Whether a table with these columns can be read so. */
export function fitsBatches(columns: readonly string[]): boolean {
  return columns.length <= columnsMax && !columns.includes(numberName);
}

interface Batch {
  text: string | null;
  last: bigint;
}

/**
 * Hands the rows to `take` in the order of their numbers, a batch of lines at a time, with `separator` between two rows.
 * Where a text in a batch may not be valid UTF-8, `takeExactly` gets the numbers of its rows instead, first and last.
 */
export function eachBatch(
  database: Database,
  numbered: NumberedTable,
  { style, separator }: { style: JsonStyle; separator: string },
  take: (text: string) => void,
  takeExactly: (first: bigint, last: bigint) => void,
): void {
  const mark = `holdfast-${randomBytes(16).toString('hex')}`; // nothing in the database has it
  const batches = database.prepare<[bigint], Batch>(batchQuery(numbered, mark, separator)).safeIntegers();
  const markedCells = cellReader(database, numbered);
  let first = firstNumber(database, numbered);
  while (first !== undefined) {
    const batch = batches.get(first);
    if (batch === undefined || batch.text === null) return;
    const { text, last } = batch;
    if (text.includes(replacement)) takeExactly(first, last);
    else take(withCells(text, mark, style, markedCells, [first, last]));
    first = last === largestNumber ? undefined : last + 1n;
  }
}

const largestNumber = 2n ** 63n - 1n;

function firstNumber(database: Database, { table, rowid }: NumberedTable): bigint | undefined {
  const sql = `SELECT min(${rowid}) FROM main.${quoteIdentifier(table)}`;
  return (database.prepare(sql).pluck().safeIntegers().get() as bigint | null) ?? undefined;
}

function batchQuery({ table, columns, rowid }: NumberedTable, mark: string, separator: string): string {
  const pairs = columns.map((name) => {
    const column = quoteIdentifier(name);
    return `${literal(name)}, iif(typeof(${column}) IN ('real', 'blob'), ${literal(mark)}, ${column})`;
  });
  return `SELECT group_concat(json_object(${pairs.join(', ')}), ${literal(separator)}) AS text, max(${numberName}) AS last
    FROM (SELECT ${rowid} AS ${numberName}, * FROM main.${quoteIdentifier(table)} WHERE ${rowid} >= ? ORDER BY ${rowid} LIMIT ${rowsPerBatch})`;
}

/** The values of a range of rows that have marks, row by row and column by column. */
type MarkedCells = (range: [first: bigint, last: bigint], count: number) => Cell[];

/**
 * Reads the marked values of the columns that had some before: of most columns nothing has to be brought over. Where that is
 * not all of them, it looks which columns have.
 */
function cellReader(database: Database, { table, columns, rowid }: NumberedTable): MarkedCells {
  const from = `FROM main.${quoteIdentifier(table)} WHERE ${rowid} BETWEEN ? AND ?`;
  const isMarked = (name: string) => `typeof(${quoteIdentifier(name)}) IN ('real', 'blob')`;
  const query = (sql: string) => database.prepare<[bigint, bigint], Cell[]>(sql).raw().safeIntegers();
  let odd = new Set<string>();
  const read = (range: [bigint, bigint]): Cell[] => {
    const list = columns.filter((name) => odd.has(name)).map(quoteIdentifier);
    if (list.length === 0) return [];
    const rows = query(`SELECT ${list.join(', ')} ${from} ORDER BY ${rowid}`).all(...range);
    return rows.flat().filter((cell) => typeof cell === 'number' || cell instanceof Uint8Array);
  };
  return (range, count) => {
    const cells = read(range);
    if (cells.length === count) return cells;
    const [flags = []] = query(
      `SELECT ${columns.map((name) => `max(${isMarked(name)})`).join(', ')} ${from}`,
    ).all(...range);
    odd = new Set([...odd, ...columns.filter((_, index) => flags[index] === 1n)]);
    return read(range);
  };
}

/** The text in the style, with each mark replaced by its value. */
function withCells(
  text: string,
  mark: string,
  style: JsonStyle,
  markedCells: MarkedCells,
  range: [bigint, bigint],
): string {
  const shown = style.ascii ? escapeBeyondAscii(text) : text;
  const [before = '', ...after] = shown.split(`"${mark}"`);
  if (after.length === 0) return shown;
  const cells = markedCells(range, after.length);
  let whole = before;
  for (const [index, part] of after.entries()) whole += cellJson(cells[index] ?? null, style) + part;
  return whole;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

// Rows of a large table as JSON, one a line, a thousand at a time: SQLite's own JSON functions make the text, for what costs
// most is to bring single values over to JavaScript. They write some REALs in another way than we do, and know no bytes:
// such a value is a mark in the text, which its exact JSON takes the place of.
import { isUtf8 } from 'node:buffer';
import { randomInt } from 'node:crypto';
import { type Cell, cellJson } from '../../export/cell.ts';
import { escapeBeyondAscii, type JsonStyle } from '../../export/style.ts';
import { type Database, quoteIdentifier } from '../open.ts';

const rowsPerBatch = 250;
/** SQLite's functions take no more arguments (https://sqlite.org/limits.html), and a column needs two. */
const columnsMax = 60;

/** Under this name a batch has the numbers of its rows beside their columns. */
const numberName = 'holdfast_row_number';

/** A table whose rows have a number. */
export interface NumberedTable {
  table: string;
  columns: readonly string[];
  /** Those with the affinity of a text, in which no number can be (https://sqlite.org/datatype3.html, section 3). */
  texts: ReadonlySet<string>;
  /** The column that is the rowid; undefined where none is. */
  key: string | undefined;
  /** A name of the rowid that no column has. */
  rowid: string;
}

/** Whether a table with these columns can be read so. */
export function fitsBatches(columns: readonly string[]): boolean {
  return columns.length <= columnsMax && !columns.includes(numberName);
}

/** Without a text where there are no rows. */
interface Batch {
  text: Buffer | null;
  last: bigint;
}

const none: Batch = { text: null, last: 0n };

/**
 * Makes what hands the rows from one number to another to `take`, in the order of their numbers, a batch of lines at a time, with
 * `separator` between two rows. Where a text in a batch is not valid UTF-8, `takeExactly` gets the numbers of its rows
 * instead, first and last.
 */
export function batchReader(
  database: Database,
  numbered: NumberedTable,
  { style, separator }: { style: JsonStyle; separator: string },
  take: (text: Uint8Array) => void,
  takeExactly: (first: bigint, last: bigint) => void,
): (first: bigint, last: bigint) => void {
  // A number that SQLite writes for none, and that no text can have, for nobody knows it.
  const mark = `-0e${randomInt(1e14, 2 ** 48 - 1)}`;
  const batches = database
    .prepare<[bigint, bigint], Batch>(batchQuery(numbered, mark, separator))
    .safeIntegers();
  const markedCells = cellReader(database, numbered);
  return (from, to) => {
    for (let first: bigint | undefined = from; first !== undefined;) {
      const { text, last }: Batch = batches.get(first, to) ?? none;
      if (text === null) return;
      if (!isUtf8(text)) takeExactly(first, last);
      else take(withCells(text, mark, style, markedCells, [first, last]));
      first = last === to ? undefined : last + 1n;
    }
  };
}

/**
 * As bytes: most of a text is only handed on. A REAL of few digits SQLite writes as we do; of more it writes 17, whether
 * they are needed or not, and the sign of a zero it leaves out.
 */
function batchQuery(
  { table, columns, texts, key, rowid }: NumberedTable,
  mark: string,
  separator: string,
): string {
  const pairs = columns.map((name) => {
    const column = quoteIdentifier(name);
    if (name === key) return `${literal(name)}, ${column}`;
    // Bytes come after every text. It costs a fifth of asking for the type.
    if (texts.has(name)) return `${literal(name)}, iif(${column} >= x'', json(${literal(mark)}), ${column})`;
    return `${literal(name)}, CASE typeof(${column})
      WHEN 'real' THEN iif(${hasFewDigits(column)}, ${column}, json(${literal(mark)}))
      WHEN 'blob' THEN json(${literal(mark)}) ELSE ${column} END`;
  });
  return `SELECT CAST(group_concat(json_object(${pairs.join(', ')}), ${literal(separator)}) AS BLOB) AS text, max(${numberName}) AS last
    FROM (SELECT ${rowid} AS ${numberName}, * FROM main.${quoteIdentifier(table)} WHERE ${rowid} BETWEEN ? AND ? ORDER BY ${rowid} LIMIT ${rowsPerBatch})`;
}

/**
 * Whether a REAL has at most eight digits before the point and four behind it, which SQLite writes as we do (compared for
 * millions of numbers), and is no zero.
 */
function hasFewDigits(column: string): string {
  return `${column} = CAST(${column} * 1e4 + iif(${column} < 0, -0.5, 0.5) AS INTEGER) / 1e4 AND abs(${column}) < 1e8 AND ${column} <> 0`;
}

/** The same, told here: the same steps of double precision, of which each has one result. */
function isMarkedHere(cell: Cell): boolean {
  if (typeof cell !== 'number') return cell instanceof Uint8Array;
  const tenThousandths = Math.trunc(cell * 1e4 + (cell < 0 ? -0.5 : 0.5));
  return !(cell === tenThousandths / 1e4 && Math.abs(cell) < 1e8 && cell !== 0);
}

/** The values of a range of rows that have marks, row by row and column by column. */
type MarkedCells = (range: [first: bigint, last: bigint], count: number) => Cell[];

/**
 * Reads the marked values of the columns that had some before: of most columns nothing has to be brought over. Where that is
 * not all of them, it looks which columns have.
 */
function cellReader(database: Database, { table, columns, rowid }: NumberedTable): MarkedCells {
  const from = `FROM main.${quoteIdentifier(table)} WHERE ${rowid} BETWEEN ? AND ?`;
  const query = (sql: string) => database.prepare<[bigint, bigint], Cell[]>(sql).raw().safeIntegers();
  const flags = query(`SELECT ${columns.map((name) => `max(${isMarked(name)})`).join(', ')} ${from}`);
  let odd: string[] = [];
  let ofOdd: ReturnType<typeof query> | undefined;
  const read = (range: [bigint, bigint]) =>
    ofOdd?.all(...range).flatMap((row) => row.filter(isMarkedHere)) ?? [];
  return (range, count) => {
    const cells = read(range);
    if (cells.length === count) return cells;
    const [found = []] = flags.all(...range);
    odd = columns.filter((name, index) => found[index] === 1n || odd.includes(name));
    ofOdd = query(`SELECT ${odd.map(quoteIdentifier).join(', ')} ${from} ORDER BY ${rowid}`);
    const all = read(range);
    if (all.length === count) return all;
    throw new Error(`${table}: ${count} values are wanted, and ${all.length} were found`); // never a wrong value
  };
}

function isMarked(name: string): string {
  const column = quoteIdentifier(name);
  return `CASE typeof(${column}) WHEN 'real' THEN NOT (${hasFewDigits(column)}) WHEN 'blob' THEN 1 ELSE 0 END`;
}

/**
 * The text in the style, with each mark replaced by its value. A character stands for each byte meanwhile: nothing has to be
 * decoded for what is only looked for and put in.
 */
function withCells(
  text: Buffer,
  mark: string,
  style: JsonStyle,
  markedCells: MarkedCells,
  range: [bigint, bigint],
): Uint8Array {
  const shown = style.ascii ? Buffer.from(escapeBeyondAscii(text.toString())) : text;
  if (!shown.includes(mark)) return shown;
  const [before = '', ...after] = shown.toString('latin1').split(mark);
  const cells = markedCells(range, after.length);
  let whole = before;
  for (const [index, part] of after.entries()) whole += cellJson(cells[index] ?? null, style) + part;
  return Buffer.from(whole, 'latin1');
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

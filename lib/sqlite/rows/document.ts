// One document, made of rows or of what a query returns.
import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import { NotJson, scanJson } from '../../export/json-scan.ts';
import { JsonWriter } from '../../export/json-writer.ts';
import type { Day } from '../../export/day.ts';
import type { Recipe, Source } from '../../export/rows.ts';
import { type JsonStyle, quoted } from '../../export/style.ts';
import { OpsError } from '../../base/errors.ts';
import { type Database, quoteIdentifier } from '../open.ts';
import { prepareDayQuery, prepareQuery, runQuery } from './query.ts';
import type { FrameWriter } from './frames.ts';
import { eachRow, type Selection } from './read-cells.ts';
import { rowWriter, spacing } from './row-text.ts';
import { numberStatements } from './schema-statements.ts';
import { type SecondWriter, writeLines } from './table-lines.ts';
import { partOfTable, wholeTable } from './table-shape.ts';

/** Takes a piece of the text, or of its bytes. */
type Emit = (piece: string | Uint8Array) => void;

/**
 * Writes the text of the document. Returns its source, where `documentSource` does. The lines of a large table the
 * second thread writes as well, if there is one.
 */
export async function writeDocument(
  database: Database,
  recipe: Recipe,
  style: JsonStyle,
  frames: FrameWriter,
  second: SecondWriter | undefined,
): Promise<Source | undefined> {
  const emit: Emit = (piece) => frames.emit(piece);
  switch (recipe.kind) {
    case 'query':
      return emitQueried(database, recipe, style, emit);
    case 'day':
      emitDay(database, recipe, style, emit);
      break;
    case 'table':
      await writeTable(database, recipe, style, frames, second);
      break;
    case 'schema':
      emitSchema(database, emit);
  }
  return undefined;
}

/** The source of a document that a query makes: writing it takes ten times as long as the query. */
export function documentSource(database: Database, sql: string, day: Day, style: JsonStyle): Source {
  return sourceOf(onlyText(database, sql, day), style);
}

/** Goes up whenever the same text and style give another document. */
const writerVersion = 1;

function sourceOf(text: string, style: JsonStyle): Source {
  const how = JSON.stringify([writerVersion, style.indent, style.ascii, style.finalNewline]);
  return hash('sha256', how + text);
}

function emitQueried(
  database: Database,
  { sql, day }: Extract<Recipe, { kind: 'query' }>,
  style: JsonStyle,
  emit: Emit,
): Source {
  const writer = new JsonWriter(style, emit);
  const text = onlyText(database, sql, day);
  try {
    scanJson(text, writer);
  } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    throw wrong(day, `what it returns is no JSON: ${error.message}`);
  }
  writer.end();
  return sourceOf(text, style);
}

const called = 'the document query';

/** The one text in the one row. */
function onlyText(database: Database, sql: string, day: string): string {
  const query = prepareDayQuery(database, sql, called, day);
  const [first, second] = runQuery(called, () => firstTwo(query(day)));
  if (first === undefined) throw wrong(day, 'it returns no row');
  if (second !== undefined) throw wrong(day, 'it returns more than one row');
  const [text] = first;
  if (first.length !== 1) throw wrong(day, `it returns ${first.length} columns, and one is wanted`);
  if (text === null) throw wrong(day, 'it returns NULL');
  if (typeof text !== 'string') throw wrong(day, 'it returns no text');
  if (text.includes('\ufffd')) requireUtf8(database, sql, day);
  return text;
}

/** Where a text has the sign for what is not UTF-8, its bytes say whether it was there before. */
function requireUtf8(database: Database, sql: string, day: string): void {
  const [column] = prepareQuery(database, sql, called, day).columns();
  const asBytes = `SELECT CAST(${quoteIdentifier(column?.name ?? '')} AS BLOB) FROM (${sql.replace(/;\s*$/, '')}\n)`;
  const bytes = prepareQuery(database, asBytes, called, day).pluck().get() as Uint8Array;
  if (!isUtf8(bytes)) throw wrong(day, 'its text is not valid UTF-8, which SQLite passes on as it is');
}

function firstTwo<T>(all: Iterable<T>): T[] {
  const found: T[] = [];
  for (const each of all) if (found.push(each) > 1) break;
  return found;
}

function wrong(day: string, cause: string): OpsError {
  return new OpsError('damaged', `cannot make the document of ${day} from ${called}: ${cause}`);
}

function emitDay(
  database: Database,
  { day, tables }: Extract<Recipe, { kind: 'day' }>,
  style: JsonStyle,
  emit: Emit,
): void {
  const { space, line } = spacing(style);
  emit(`{${line(1)}"date":${space}${quoted(day, style)}`);
  for (const { table, column } of tables) {
    emit(`,${line(1)}${quoted(table, style)}:${space}`);
    emitList(database, partOfTable(database, table, column, day), { style, level: 1 }, emit);
  }
  emit(`${line(0)}}${end(style)}`);
}

async function writeTable(
  database: Database,
  { table, format }: Extract<Recipe, { kind: 'table' }>,
  style: JsonStyle,
  frames: FrameWriter,
  second: SecondWriter | undefined,
): Promise<void> {
  const emit: Emit = (piece) => frames.emit(piece);
  if (format === 'ndjson') {
    const lines = { table, style: { ...style, indent: 0 }, begin: '', separator: '\n' };
    if (await writeLines(database, lines, frames, { second })) emit('\n');
  } else if (style.indent === 0) {
    // All of a table in one line would be of no use to a person, nor to diff.
    const lines = { table, style, begin: '[\n', separator: ',\n' };
    const isAny = await writeLines(database, lines, frames, { second });
    emit(`${isAny ? '\n]' : '[]'}${end(style)}`);
  } else {
    emitList(database, wholeTable(database, table), { style, level: 0 }, emit);
    emit(end(style));
  }
}

/** A list of rows, at a level of the document. */
function emitList(
  database: Database,
  selection: Selection,
  { style, level }: { style: JsonStyle; level: number },
  emit: Emit,
): void {
  const { line } = spacing(style);
  const rowText = rowWriter(selection.columns, style, level + 1);
  let before = '[';
  eachRow(database, selection, (row) => {
    emit(before + line(level + 1) + rowText(row));
    before = ',';
  });
  emit(before === '[' ? '[]' : `${line(level)}]`);
}

/** Tables first, then views, then what belongs to them; in the order in which they were made. */
function emitSchema(database: Database, emit: Emit): void {
  const statements = database
    .prepare(
      `SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_holdfast\\_%' ESCAPE '\\'
        AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow')
        ORDER BY type = 'table' DESC, type = 'view' DESC, rowid`,
    )
    .pluck()
    .iterate() as IterableIterator<string>;
  for (const sql of statements) emit(`${sql};\n`);
  for (const sql of numberStatements(database)) emit(`${sql};\n`);
}

function end({ finalNewline }: JsonStyle): string {
  return finalNewline ? '\n' : '';
}

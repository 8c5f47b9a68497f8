// An answer of a master as lines: a header, a line a change (batch-lines.ts), and an end, without which it is not whole.
// docs/formats.md pins it.
import type { OpsError } from '../base/errors.ts';
import { Fields, type Flaw } from '../record/fields.ts';
import { parseShape, wireShape } from './batch-header.ts';
import { parseCursor } from './pull-cursor.ts';
import { isOwnTable, type TableShape } from './shape.ts';

/** What the media type of such an answer is, and a JSON answer never. */
export const linesType = 'application/x-ndjson';

const formatName = 'holdfast-rows';
const formatVersion = 1;

export interface LinesHeader {
  /** `all`: what is not in it is gone. `changes`: it is as it was. */
  readonly kind: 'all' | 'changes';
  readonly schemaVersion: string;
  readonly tables: readonly TableShape[];
  readonly fullOnly: readonly string[];
}

export interface LinesEnd {
  readonly changes: number;
  readonly cursor: string;
  readonly hasMore: boolean;
}

export function formatLinesHeader(header: LinesHeader): string {
  return JSON.stringify({
    format: formatName,
    version: formatVersion,
    kind: header.kind,
    schema_version: header.schemaVersion,
    tables: header.tables.map(wireShape),
    full_only: header.fullOnly,
  });
}

export function formatLinesEnd({ changes, cursor, hasMore }: LinesEnd): string {
  return JSON.stringify({ end: true, changes, cursor, has_more: hasMore });
}

/** Throws what `flaw` makes for what is no such line, and for tables that a replica may not have. */
export function parseLinesHeader(line: string, flaw: Flaw): LinesHeader {
  const fields = new Fields(parseJson(line, flaw), '', flaw);
  if (fields.string('format') !== formatName) throw flaw('it is no list of rows');
  if (fields.integer('version', 1, 1_000_000) !== formatVersion)
    throw flaw('it is written in a format that this version does not know');
  const tables = fields.list('tables').map((value) => parseShape(value, flaw));
  requireOrdinaryTables(tables, flaw);
  return {
    kind: fields.choice('kind', ['all', 'changes']),
    schemaVersion: fields.text('schema_version'),
    tables,
    fullOnly: fields.list('full_only').map(String),
  };
}

/** The end, or undefined where the line is a change. */
export function parseLinesEnd(line: string, flaw: Flaw): LinesEnd | undefined {
  if (!line.startsWith('{')) return undefined;
  const fields = new Fields(parseJson(line, flaw), '', flaw);
  if (!fields.boolean('end')) throw flaw('a line is neither a change nor the end');
  const cursor = fields.text('cursor');
  if (parseCursor(cursor) === undefined) throw flaw('its cursor is none');
  return { changes: fields.count('changes'), cursor, hasMore: fields.boolean('has_more') };
}

/** What comes from elsewhere may not touch what SQLite or a replica keep for themselves. */
export function requireOrdinaryTables(tables: readonly TableShape[], flaw: Flaw): void {
  const names = tables.map(({ name }) => name.toLowerCase());
  if (new Set(names).size !== names.length) throw flaw('it has two tables of one name');
  if (names.some((name) => isOwnTable(name) || name.startsWith('sqlite_')))
    throw flaw('it has a table with a name that no table of an app has');
}

function parseJson(line: string, flaw: (cause: string) => OpsError): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw flaw('a line is not JSON');
  }
}

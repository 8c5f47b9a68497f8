// The first line of a batch's file, and the shapes in it. docs/formats.md pins both.
import { OpsError } from '../base/errors.ts';
import { Fields, type Flaw } from '../record/fields.ts';
import { formatJsonRecord, openJsonRecord, type RecordFormat } from '../record/json-record.ts';
import type { BatchHeader, BatchRange } from './batch.ts';
import { type Cell, decodeCell, encodeCell } from './cell.ts';
import { isLink } from './lineage.ts';
import { affinityOf, type ColumnShape, type TableShape } from './shape.ts';

const batchFormat: RecordFormat = { name: 'holdfast-delta', version: 1, called: 'batch of changes' };

/** A header is never longer, and what is longer is none. */
export const headerBytesMax = 4 * 1024 * 1024;

const tablesMax = 2000;
const columnsMax = 2000;

/** The line, with its newline. */
export function formatHeader(header: BatchHeader): string {
  const { heldLineage, heldNonce, replaces, batchNo, toSeq, takenAt, range, ...rest } = header;
  return formatJsonRecord(batchFormat, {
    ...rest,
    batch_no: batchNo,
    held_lineage: heldLineage ?? null,
    replaces: replaces ?? null,
    held_nonce: heldNonce ?? null,
    to_seq: toSeq,
    taken_at: takenAt,
    tables: header.tables.map(wireShape),
    range: range === undefined ? null : wireRange(range, header.tables),
  });
}

/** Throws what `flaw` makes, for what is no header of ours. */
export function parseHeader(line: string, flaw: Flaw = damaged): BatchHeader {
  const { fields } = openJsonRecord(line, batchFormat, flaw);
  const tables = fields.list('tables').map((value) => parseShape(value, flaw));
  if (tables.length > tablesMax) throw flaw('it has too many tables');
  return {
    source: fields.text('source'),
    instance: fields.identifier('instance'),
    lineage: link(fields.text('lineage'), flaw),
    heldLineage: ifText(fields, 'held_lineage', (text) => link(text, flaw)),
    epoch: fields.identifier('epoch'),
    replaces: fields.optionalIdentifier('replaces'),
    batchNo: fields.integer('batch_no', 1, Number.MAX_SAFE_INTEGER),
    heldNonce: fields.optionalIdentifier('held_nonce'),
    toSeq: fields.count('to_seq'),
    takenAt: fields.instant('taken_at').toISOString(),
    tables,
    range: parseRange(fields.optional('range'), tables, flaw),
    resyncing: fields.boolean('resyncing'),
  };
}

/** A shape as it travels. */
export function wireShape({ name, columns, key, identity }: TableShape): Record<string, unknown> {
  const wireColumns = columns.map(({ name, declared, notNull }) => ({ name, declared, not_null: notNull }));
  return { name, columns: wireColumns, key, identity };
}

/** Throws what `flaw` makes, for what is no shape, or one whose names SQLite could not hold. */
export function parseShape(value: unknown, flaw: Flaw = damaged): TableShape {
  const fields = new Fields(value, 'table.', flaw);
  const columns = fields.list('columns').map((column) => parseColumn(column, flaw));
  const key = fields.list('key').map((name) => checkedName(name, flaw));
  const names = new Set(columns.map(({ name }) => name.toLowerCase()));
  if (columns.length > columnsMax) throw flaw('a table has too many columns');
  if (names.size !== columns.length) throw flaw('a table has two columns of one name');
  if (key.length === 0 || new Set(key).size !== key.length)
    throw flaw('a table has no key, or a column twice in it');
  if (!key.every((name) => columns.some((column) => column.name === name)))
    throw flaw('a key has a column that its table has not');
  return {
    name: checkedName(fields.text('name'), flaw),
    columns,
    key,
    identity: fields.choice('identity', ['primary', 'content']),
  };
}

function parseColumn(value: unknown, flaw: Flaw): ColumnShape {
  const fields = new Fields(value, 'column.', flaw);
  const declared = fields.string('declared');
  if (declared.length > 200 || declared.includes('\0')) throw flaw('the type of a column is none');
  return { name: checkedName(fields.text('name'), flaw), declared, notNull: fields.boolean('not_null') };
}

function checkedName(name: unknown, flaw: Flaw): string {
  if (typeof name !== 'string' || name === '' || name.length > 500)
    throw flaw('a name is no text of its kind');
  if (name.includes('\0') || !name.isWellFormed()) throw flaw('a name holds what none may hold');
  return name;
}

function wireRange({ table, after, through, kept = [] }: BatchRange, tables: readonly TableShape[]) {
  const reals = keyReals(tables[table]);
  const wire = (key: readonly Cell[] | undefined) =>
    key?.map((cell, index) => encodeCell(cell, reals[index] ?? false)) ?? null;
  const more = kept.length === 0 ? {} : { kept: kept.map(wire) };
  return { table, after: wire(after), through: wire(through), ...more };
}

function parseRange(value: unknown, tables: readonly TableShape[], flaw: Flaw): BatchRange | undefined {
  if (value === undefined) return undefined;
  const fields = new Fields(value, 'range.', flaw);
  const table = fields.integer('table', 0, tables.length - 1);
  const reals = keyReals(tables[table]);
  const key = (name: string, cells: unknown) => {
    if (!Array.isArray(cells) || cells.length !== reals.length)
      throw flaw(`range.${name} is no key of its table`);
    try {
      return cells.map((cell, index) => decodeCell(cell, reals[index] ?? false));
    } catch (error) {
      throw error instanceof RangeError ? flaw(`range.${name}: ${error.message}`) : error;
    }
  };
  const end = (name: 'after' | 'through') =>
    fields.optional(name) === undefined ? undefined : key(name, fields.list(name));
  const kept = fields.optional('kept') === undefined ? [] : fields.list('kept');
  const more = kept.length === 0 ? {} : { kept: kept.map((cells) => key('kept', cells)) };
  return { table, after: end('after'), through: end('through'), ...more };
}

/** Of each column of the key, whether its plain numbers are REALs. */
export function keyReals(shape: TableShape | undefined): boolean[] {
  const declared = new Map(shape?.columns.map((column) => [column.name, column.declared]));
  return (shape?.key ?? []).map((name) => affinityOf(declared.get(name) ?? '') === 'REAL');
}

function ifText<T>(fields: Fields, key: string, make: (text: string) => T): T | undefined {
  return fields.optional(key) === undefined ? undefined : make(fields.text(key));
}

function link(text: string, flaw: Flaw): string {
  if (!isLink(text)) throw flaw('its lineage is none');
  return text;
}

function damaged(cause: string, hint?: string): OpsError {
  return new OpsError(
    'damaged',
    `cannot read a batch of changes: ${cause}`,
    hint === undefined ? {} : { hint },
  );
}

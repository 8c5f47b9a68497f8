// What a master sends that knows neither cursors nor exact rows: JSON objects of whose tables nothing is known but what they
// show. Read as well as that goes.
import type { OpsError } from '../base/errors.ts';
import type { Cell } from './cell.ts';
import type { Change } from './change.ts';
import { requireOrdinaryTables } from './serving-lines.ts';
import { contentKey, type ColumnShape, type TableShape } from './shape.ts';
import { fromHttpDate } from './since.ts';

export interface LegacyAnswer {
  readonly tables: readonly TableShape[];
  readonly changes: readonly Change[];
}

type Flaw = (cause: string) => OpsError;
type LegacyRow = Readonly<Record<string, unknown>>;

/** `{success: true, …}`, or what `flaw` makes. */
export function parseLegacy(text: string, flaw: Flaw): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw flaw('it is not JSON');
  }
  const envelope = isObject(value) ? value : {};
  if (envelope['success'] === true) return envelope;
  const message = envelope['message'];
  throw flaw(typeof message === 'string' ? `it says: ${message}` : 'it is no answer of a master');
}

/** The rows of `data`. A table that is `known` has its known columns; undefined where a row has others. */
export function legacyAnswer(
  envelope: Record<string, unknown>,
  known: readonly TableShape[] | undefined,
  flaw: Flaw,
): LegacyAnswer | undefined {
  const data = envelope['data'];
  if (!isObject(data)) throw flaw('it has no data');
  const tables: TableShape[] = [];
  const changes: Change[] = [];
  for (const [name, list] of Object.entries(data)) {
    if (!Array.isArray(list) || !list.every(isObject)) throw flaw('its data are no lists of rows');
    const rows = list as LegacyRow[];
    const before = known?.find((shape) => shape.name === name);
    const shape = known === undefined ? shapeOf(name, rows) : before;
    if (shape === undefined) {
      if (rows.length > 0) return undefined;
      continue;
    }
    const names = new Set(shape.columns.map((column) => column.name));
    if (rows.some((row) => Object.keys(row).some((column) => !names.has(column)))) return undefined;
    const table = tables.push(shape) - 1;
    for (const row of rows)
      changes.push({
        kind: 'upsert',
        table,
        cells: shape.columns.map((column) => legacyCell(row[column.name], column.name)),
      });
  }
  requireOrdinaryTables(tables, flaw);
  return { tables, changes };
}

/** Told apart by `id`, where all have one of their own. */
function shapeOf(name: string, rows: readonly LegacyRow[]): TableShape | undefined {
  if (rows.length === 0) return undefined;
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const ids = new Set(
    rows.map(({ id }) => id).filter((id) => typeof id === 'number' || typeof id === 'string'),
  );
  const hasKey = ids.size === rows.length;
  const isNumbered = hasKey && rows.every(({ id }) => Number.isSafeInteger(id));
  const column = (one: string): ColumnShape => ({
    name: one,
    declared: one === 'id' && isNumbered ? 'INTEGER' : '',
    notNull: false,
  });
  const columns = names.map(column);
  if (hasKey) return { name, columns, key: ['id'], identity: 'primary' };
  return { name, columns: [...columns, column(contentKey)], key: [contentKey], identity: 'content' };
}

function legacyCell(value: unknown, column: string): Cell {
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value !== 'string') return JSON.stringify(value);
  const stored = fromHttpDate(value);
  if (stored !== undefined) return column.endsWith('_date') ? stored.slice(0, 10) : stored;
  // As SQLAlchemy stores it, and as whoever reads the replica with it has to find it.
  const [, day, time, fraction = ''] =
    /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?Z?$/.exec(value) ?? [];
  return day === undefined || time === undefined ? value : `${day} ${time}.${fraction.padEnd(6, '0')}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

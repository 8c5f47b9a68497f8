// The lines of a batch: a JSON array each, `[table, …cells]` for a row and `[-1 - table, …key]` for a tombstone.
import { OpsError } from '../base/errors.ts';
import type { Flaw } from '../record/fields.ts';
import { keyReals } from './batch-header.ts';
import { decodeCell, encodeCell } from './cell.ts';
import type { Change } from './change.ts';
import { affinityOf, type TableShape } from './shape.ts';

/** Writes and reads the lines of one batch. */
export interface LineCodec {
  /** Without a newline: JSON has none. */
  format(change: Change): string;
  /** Throws what `flaw` makes, for what is no line of this batch. */
  parse(line: string): Change;
}

export function lineCodec(tables: readonly TableShape[], flaw: Flaw = damaged): LineCodec {
  const layouts = tables.map((shape) => ({
    reals: shape.columns.map(({ declared }) => affinityOf(declared) === 'REAL'),
    keys: keyReals(shape),
  }));
  const layout = (table: number) => {
    const found = layouts[table];
    if (found === undefined) throw flaw('a line is of a table that it has not');
    return found;
  };
  return {
    format(change) {
      if (change.kind === 'tombstone') {
        const { keys } = layout(change.table);
        return JSON.stringify([
          -1 - change.table,
          ...change.key.map((cell, index) => encodeCell(cell, keys[index] === true)),
        ]);
      }
      const { reals } = layout(change.table);
      return JSON.stringify([
        change.table,
        ...change.cells.map((cell, index) => encodeCell(cell, reals[index] === true)),
      ]);
    },
    parse(line) {
      const values = parseArray(line, flaw);
      const [first] = values;
      if (typeof first !== 'number' || !Number.isInteger(first))
        throw flaw('a line does not begin with a table');
      const isTombstone = first < 0;
      const table = isTombstone ? -1 - first : first;
      const reals = isTombstone ? layout(table).keys : layout(table).reals;
      if (values.length !== reals.length + 1) throw flaw('a line has other columns than its table');
      const cells = reals.map((isReal, index) => decoded(values[index + 1], isReal, flaw));
      return isTombstone ? { kind: 'tombstone', table, key: cells } : { kind: 'upsert', table, cells };
    },
  };
}

function parseArray(line: string, flaw: Flaw): unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw flaw('a line is not JSON');
  }
  if (!Array.isArray(value)) throw flaw('a line is no list');
  return value as unknown[];
}

function decoded(value: unknown, isReal: boolean, flaw: Flaw) {
  try {
    return decodeCell(value, isReal);
  } catch (error) {
    throw error instanceof RangeError ? flaw(error.message) : error;
  }
}

function damaged(cause: string): OpsError {
  return new OpsError('damaged', `cannot read a batch of changes: ${cause}`);
}

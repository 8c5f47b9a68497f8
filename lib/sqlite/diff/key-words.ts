// A key as a person reads it, and as a query takes it.
import type { Cell } from '../../delta/cell.ts';
import { sqlLiteral } from '../../delta/sql-script.ts';

/** More of a value is not shown. */
const lengthMax = 60;

/** `7`, `'x'`; of several columns `('x', 7)`. */
export function keyWords(cells: readonly Cell[]): string {
  const words = cells.map(cellWords);
  return words.length === 1 ? words.join('') : `(${words.join(', ')})`;
}

function cellWords(cell: Cell): string {
  const isLong = (typeof cell === 'string' || cell instanceof Uint8Array) && cell.length > lengthMax;
  return isLong ? `${sqlLiteral(cell.slice(0, lengthMax), 'sqlite')}…` : sqlLiteral(cell, 'sqlite');
}

// Whether two rows are one: by class and bytes, as their hashes would say, without making those.
import { type Cell, isBrokenText } from '../../delta/cell.ts';

export function isSameRow(one: readonly Cell[], other: readonly Cell[]): boolean {
  return one.length === other.length && one.every((cell, index) => isSameCell(cell, other[index] ?? null));
}

function isSameCell(one: Cell, other: Cell): boolean {
  if (one === other) return true;
  if (one === null || other === null || typeof one !== 'object' || typeof other !== 'object') return false;
  if (isBrokenText(one)) return isBrokenText(other) && Buffer.compare(one.text, other.text) === 0;
  return !isBrokenText(other) && Buffer.compare(one, other) === 0;
}

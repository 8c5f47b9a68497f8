// Keys and values as a person reads them.
import type { WireCell } from '../../../lib/delta/cell.ts';

const charactersMax = 60;

export function keyWords(key: readonly WireCell[]): string {
  return key.map(cellWords).join('/');
}

/** A text as it is, short; bytes by how many they are. */
export function cellWords(cell: WireCell): string {
  if (cell === null) return 'NULL';
  if (typeof cell === 'string') return shortened(JSON.stringify(cell));
  if (typeof cell === 'number') return String(cell);
  if ('i' in cell) return cell.i;
  if ('r' in cell) return Number.isInteger(Number(cell.r)) ? `${cell.r}.0` : cell.r;
  const bytes = Buffer.from('b' in cell ? cell.b : cell.t, 'base64').length;
  return `(${bytes} bytes)`;
}

function shortened(text: string): string {
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax)}…`;
}

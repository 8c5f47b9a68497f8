// The order of keys as SQLite has it (BINARY): NULL, numbers, text by its bytes, BLOBs; part by part.
import type { BatchRange } from './batch.ts';
import { type Cell, isBrokenText } from './cell.ts';

/** Negative where `one` stands before `other`, 0 where SQLite takes both for one key: 1 and 1.0 are. */
export function compareKeys(one: readonly Cell[], other: readonly Cell[]): number {
  for (let index = 0; index < one.length; index += 1) {
    const order = compareCells(one[index] ?? null, other[index] ?? null);
    if (order !== 0) return order;
  }
  return 0;
}

/** Whether the key lies between the ends of a piece of a walk. */
export function isWithin(key: readonly Cell[], { after, through }: BatchRange): boolean {
  const isBehind = after === undefined || compareKeys(key, after) > 0;
  return isBehind && (through === undefined || compareKeys(key, through) <= 0);
}

function compareCells(one: Cell, other: Cell): number {
  const classes = classOf(one) - classOf(other);
  if (classes !== 0 || one === null || other === null) return classes;
  if (isNumber(one) && isNumber(other)) return one < other ? -1 : Number(one > other); // exactly, also across both types
  return Buffer.compare(bytesOf(one), bytesOf(other));
}

function classOf(cell: Cell): number {
  if (cell === null) return 0;
  if (isNumber(cell)) return 1;
  return typeof cell === 'string' || isBrokenText(cell) ? 2 : 3;
}

function isNumber(cell: Cell): cell is bigint | number {
  return typeof cell === 'bigint' || typeof cell === 'number';
}

function bytesOf(cell: Cell): Uint8Array {
  if (typeof cell === 'string') return Buffer.from(cell, 'utf8');
  if (typeof cell !== 'object' || cell === null) return new Uint8Array();
  return isBrokenText(cell) ? cell.text : cell;
}

// Bytes for files in tests: always the same, and without a period that an exchanged or repeated block could hide behind.
import { createHash } from 'node:crypto';

export function someBytes(length: number): Buffer {
  return length === 0
    ? Buffer.alloc(0)
    : createHash('shake256', { outputLength: length }).update('holdfast').digest();
}

// What a golden fixture is: bytes that a released Holdfast wrote, and what they have to mean for ever.
import { readFile } from 'node:fs/promises';

/** One fixture, a file or a folder of files that belong together. */
export interface Golden {
  /** Reads it as production does. `path` is absolute; what may be changed by reading is to be copied first. */
  read(path: string): unknown;
  /** What that has to give. */
  value: unknown;
  /** Where its version is still written: the bytes that are written for that value. */
  format?: (value: never) => string | Promise<string>;
}

/** Fixtures by their path below this folder; that of a folder ends in a slash. */
export type Goldens = Record<string, Golden>;

/** A fixture whose text is parsed. */
export function text<T>(
  parse: (text: string, path: string) => T,
  value: T,
  format?: (value: T) => string,
): Golden {
  const read = async (path: string) => parse(await readFile(path, 'utf8'), path);
  return format === undefined ? { read, value } : { read, value, format };
}

/** The process that all fixtures name. */
export const pi = {
  host: 'pi5',
  machine: '3f9a1c07',
  bootId: '5d1b0d4e-2c6f-4f3a-9d57-0c1e8a7b6f42',
  pidNamespace: 'pid:[4026531836]',
  pid: 4711,
  startTicks: 123456,
};
/** When most of them were written. */
export const at = new Date('2026-11-20T02:05:13.250Z');
export const runId = '2f0c5a5e9d8e4a6f8b7c6d5e4f3a2b1c';

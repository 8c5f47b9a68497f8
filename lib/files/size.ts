// How large a file is, where it is no error that there is none.
import { stat } from 'node:fs/promises';
import { ifThere } from './if-there.ts';

/** The size of a file in bytes, or undefined when there is none. Throws the system's own errors. */
export async function sizeIfThere(path: string): Promise<number | undefined> {
  return (await ifThere(stat(path)))?.size;
}

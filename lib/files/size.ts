// How large a file is, where it is no error that there is none.
import { stat } from 'node:fs/promises';
import { errorCode } from '../base/errors.ts';

/** The size of a file in bytes, or undefined when there is none. Throws the system's own errors. */
export async function sizeIfThere(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

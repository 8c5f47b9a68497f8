// What is not there, as undefined instead of an error: between a look and a use any file may go.
import { errorCode } from '../base/errors.ts';

/** What `work` gives; undefined where nothing has the name (ENOENT). Every other error is thrown as it is. */
export async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** As `ifThere`; undefined also where a part of the path is no directory (ENOTDIR), so that nothing can be there. */
export async function ifPathThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isPathMissing(error)) return undefined;
    throw error;
  }
}

/** Whether an error says that nothing is at a path, or can be: ENOENT or ENOTDIR. */
export function isPathMissing(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

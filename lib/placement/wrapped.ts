// A failed system call becomes our own error where it happens: once, and with the words of what was being done.
import { systemError } from '../base/errors.ts';

/** What `step` returns; a failed system call in it becomes the OpsError "cannot <act>: <cause>". */
export async function wrapped<Result>(act: string, step: () => Promise<Result>): Promise<Result> {
  try {
    return await step();
  } catch (error) {
    throw systemError(act, error);
  }
}

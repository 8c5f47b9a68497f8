// One step on files, and the words for its failure.
import { systemError } from '../base/errors.ts';

/** Runs `step`; a failed system call becomes the OpsError "cannot <act>: <cause>". */
export async function attempt<Result>(
  act: string,
  step: () => Promise<Result>,
  details: { hint?: string } = {},
): Promise<Result> {
  try {
    return await step();
  } catch (error) {
    throw systemError(act, error, details);
  }
}

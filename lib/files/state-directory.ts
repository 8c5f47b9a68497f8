// Work in the state directory, whose failures all have the same remedy.
import { OpsError, systemError } from '../base/errors.ts';

const hint =
  'run it with sudo; for databases of your own set HOLDFAST_STATE and HOLDFAST_RUN (or state_directory and run_directory) to directories of yours';

/** Does `work`, wrapping what fails as "cannot <act>: <cause>" with the hint that helps. */
export async function inStateDirectory<T>(act: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const error = systemError(act, thrown);
    if (!(error instanceof OpsError) || error.hint !== undefined) throw error;
    throw new OpsError(error.kind, error.message, { hint, cause: error });
  }
}

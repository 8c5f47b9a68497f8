// delta-pull resync: all of the master anew, by the service where one keeps the replica, else here. Who reads the replica has
// the old rows until all of the new are there.
import { OpsError } from '../../lib/base/errors.ts';
import { formatCount } from '../../lib/base/format.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { chosenPull } from './steps/chosen-pull.ts';
import { openPull } from './steps/pull-session.ts';
import { pullNotes } from './steps/pull-status.ts';

interface Resynced {
  pull: string;
  /** Undefined where the service was asked to. */
  records: number | undefined;
}

export async function run(
  context: JobContext,
  { pull: name }: Options<typeof parameters.resync>,
): Promise<Outcome<Resynced>> {
  const pull = chosenPull(context.config, name);
  try {
    await using session = await openPull(context, pull);
    const { records } = await session.pull({ resync: true });
    return { result: { pull: pull.name, records }, findings: [] };
  } catch (error) {
    if (!(error instanceof OpsError) || error.kind !== 'busy') throw error;
    await pullNotes(context.config.runDirectory, pull.name).requestResync();
    return { result: { pull: pull.name, records: undefined }, findings: [] };
  }
}

export function text({ pull, records }: Resynced): string[] {
  return records === undefined
    ? [
        `${pull}: the service was told, and takes all of it with its next look; delta-pull status shows when it has`,
      ]
    : [`${pull}: took all of it, ${formatCount(records, 'row')}`];
}

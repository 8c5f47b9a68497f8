// delta-pull once: one look at the master, where no service does it.
import { formatCount } from '../../lib/base/format.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { chosenPull } from './steps/chosen-pull.ts';
import type { Pulled } from './steps/pull-once.ts';
import { openPull } from './steps/pull-session.ts';

interface PulledOnce extends Pulled {
  pull: string;
  replica: string;
}

export async function run(
  context: JobContext,
  { pull: name }: Options<typeof parameters.once>,
): Promise<Outcome<PulledOnce>> {
  const pull = chosenPull(context.config, name);
  await using session = await openPull(context, pull);
  const pulled = await session.pull({ resync: false });
  return { result: { pull: pull.name, replica: pull.replica, ...pulled }, findings: [] };
}

export function text({ pull, replica, kind, records, reason }: PulledOnce): string[] {
  if (kind === 'nothing') return [`${pull}: nothing has changed`];
  if (kind === 'changes') return [`${pull}: took in ${formatCount(records, 'change')}`];
  return [`${pull}: took all of it, ${formatCount(records, 'row')}, into ${replica}: ${reason}`];
}

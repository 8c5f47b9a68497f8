// delta-receive reopen: a frozen day can change again, and what was held for it is taken in.
import { formatCount } from '../../lib/base/format.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { onReplica, whoAndWhy } from './steps/which-replica.ts';
import { requireDay } from '../steps/service-day.ts';

interface ReopenResult {
  replica: string;
  day: string;
  replayed: number;
  stillHeld: number;
}

export async function run(
  context: JobContext,
  { day, replica: name, force, ...given }: Options<typeof parameters.reopen>,
): Promise<Outcome<ReopenResult>> {
  const wanted = requireDay(day);
  const result = await onReplica(context, name, async (replica, config) => ({
    replica: config.name,
    day: wanted,
    ...(await replica.reopen(wanted, { ...whoAndWhy(given), force })),
  }));
  return { result, findings: [] };
}

export function text({ replica, day, replayed, stillHeld }: ReopenResult): string[] {
  const waiting =
    stillHeld === 0 ? '' : `; ${formatCount(stillHeld, 'change')} still held for another reason`;
  return [`${day} of ${replica} is open again: ${formatCount(replayed, 'held change')} taken in${waiting}`];
}

// delta-receive frozen: the days that do not change any more, and what was said of each when it was frozen.
import { formatInstant } from '../../lib/base/format.ts';
import type { FrozenDay } from '../../lib/replica/replica.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { onReplica } from './steps/which-replica.ts';

interface FrozenResult {
  replica: string;
  days: readonly FrozenDay[];
}

export async function run(
  context: JobContext,
  { replica: name }: Options<typeof parameters.frozen>,
): Promise<Outcome<FrozenResult>> {
  const result = await onReplica(context, name, async (replica, config) => ({
    replica: config.name,
    days: await replica.frozenDays(),
  }));
  return { result, findings: [] };
}

export function text({ replica, days }: FrozenResult, { timeZone }: View): string[] {
  if (days.length === 0) return [`no day of ${replica} is frozen`];
  return days.flatMap(({ day, frozenAt, by, reason, exceptions }) => [
    `${day}  frozen ${formatInstant(new Date(frozenAt), timeZone)} by ${by}${reason === '' ? '' : `: ${reason}`}`,
    ...exceptions.map((exception) => `            though ${exception}`),
  ]);
}

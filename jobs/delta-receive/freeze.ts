// delta-receive freeze: the rows of a service day stay as they are. What was not as it should be is written down with it.
import { formatCount } from '../../lib/base/format.ts';
import type { FrozenDay } from '../../lib/replica/replica.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { findingLines } from '../steps/words.ts';
import { onReplica, whoAndWhy } from './steps/which-replica.ts';
import { requireDay } from '../steps/service-day.ts';

interface FreezeResult extends FrozenDay {
  replica: string;
}

export async function run(
  context: JobContext,
  { day, replica: name, ...given }: Options<typeof parameters.freeze>,
): Promise<Outcome<FreezeResult>> {
  const wanted = requireDay(day);
  const result = await onReplica(context, name, async (replica, { name: called, policy }) => {
    const { sources, held } = await replica.status();
    const silent = policy.sources.filter((one) => !sources.some(({ source }) => source === one));
    const walking = sources.filter(({ isResyncing }) => isResyncing).map(({ source }) => source);
    const waiting = (await replica.held({ day: wanted })).length + (held['no-day'] ?? 0);
    const exceptions = [
      ...silent.map((source) => `${source} has never sent anything`),
      ...walking.map((source) => `${source} was still sending all its rows`),
      ...(waiting === 0
        ? []
        : [`${formatCount(waiting, 'change')} of the day, or of no day, waited for a person`]),
    ];
    return { replica: called, ...(await replica.freeze(wanted, { ...whoAndWhy(given), exceptions })) };
  });
  const findings = result.exceptions.map((message) => ({
    subject: wanted,
    severity: 'warning' as const,
    message: `is frozen, though ${message}`,
    hint: `delta-receive reopen ${wanted}`,
  }));
  return { result, findings };
}

export function text({ day, replica, tables }: FreezeResult, view: View): string[] {
  const rows = tables.map(({ table, rows }) => `${table} ${rows}`).join(', ');
  return [
    `${day} of ${replica} is frozen${rows === '' ? ', and has no rows' : `: ${rows}`}`,
    ...view.findings.flatMap(findingLines),
  ];
}

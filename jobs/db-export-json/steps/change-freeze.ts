// Freezing a day by hand, and letting it go: two commands that differ in what the day is afterwards.
import { OpsError } from '../../../lib/base/errors.ts';
import { type Day, isDay } from '../../../lib/export/day.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { Outcome, Steps } from '../../../lib/run/job.ts';
import { appWithDays } from './export-apps.ts';
import { readFrozen, writeFrozen } from './export-notes.ts';

interface ChangedFreeze {
  app: string;
  day: Day;
  is: 'frozen' | 'mutable';
  /** It was so before. */
  already: boolean;
}

interface Given {
  day: Day;
  reason?: string | undefined;
  app: string | undefined;
}

type FreezeSteps = Steps<Given, ChangedFreeze>;

/** The steps of a command after which the day `is` so. */
export function freezing(is: ChangedFreeze['is']): FreezeSteps & { readonly plan: FreezeSteps } {
  return {
    run: (context, given) => changeFreeze(context, given, is),
    text: freezeText,
    plan: {
      run: (context, given) => planFreeze(context, given, is),
      text: (result) => freezeText(result).map((line) => `would say: ${line}`),
    },
  };
}

/** Under the lock of the export, so that a run has it before or after. Again is fine: the first time and reason stay. */
async function changeFreeze(
  context: JobContext,
  given: Given,
  is: ChangedFreeze['is'],
): Promise<Outcome<ChangedFreeze>> {
  const app = appWithDays(context, given.app);
  await using lock = await context.lock({ name: app.name, scope: 'export' }, `db-export-json ${is}`);
  void lock;
  const outcome = await planFreeze(context, given, is);
  if (outcome.result.already) return outcome;
  const frozen = new Map(await readFrozen(context, app.name));
  if (is === 'frozen') frozen.set(given.day, { since: context.clock.now(), reason: given.reason });
  else frozen.delete(given.day);
  await writeFrozen(context, app.name, frozen);
  return outcome;
}

/** What it would do. Throws OpsError `usage` for what is no day. */
async function planFreeze(
  context: JobContext,
  { day, app: name }: Given,
  is: ChangedFreeze['is'],
): Promise<Outcome<ChangedFreeze>> {
  const app = appWithDays(context, name);
  if (!isDay(day))
    throw new OpsError('usage', `cannot tell the day of ${JSON.stringify(day)}: it is no date`, {
      hint: 'write it like 2026-11-27',
    });
  const already = (await readFrozen(context, app.name)).has(day) === (is === 'frozen');
  return { result: { app: app.name, day, is, already }, findings: [] };
}

function freezeText({ app, day, is, already }: ChangedFreeze): string[] {
  return [`${app}: ${day} is ${is}${already ? ' already' : ''}`];
}

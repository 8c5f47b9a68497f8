// restore plan: what a restore would do, looked at and not done.
import type { PostgresApp } from '../../lib/config/config.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { chooseEntry } from '../steps/choose-entry.ts';
import { requirePlace, restorableApp } from '../steps/restorable-apps.ts';
import type * as parameters from './parameters.ts';
import { planLines } from './steps/plan-words.ts';
import { type Planned, type PlanOrder, planRestore, type RestorePlan } from './steps/restore-plan.ts';

export async function run(
  context: JobContext,
  options: Options<typeof parameters.plan>,
): Promise<Outcome<RestorePlan>> {
  const app = await restorableApp(context, options.app);
  if (options.to === undefined) requirePlace(app);
  const choice = await chooseEntry(context, await context.openStore(), app, options);
  const { plan: result, findings } =
    app.engine === 'postgres'
      ? await planServer(context, { app, ...choice, to: options.to })
      : await planRestore(context, { app, ...choice, to: options.to });
  return { result, findings };
}

async function planServer(context: JobContext, order: PlanOrder<PostgresApp>): Promise<Planned> {
  return (await import('./steps/plan-on-server.ts')).planOnServer(context, order);
}

export function text(plan: RestorePlan, view: View): string[] {
  return planLines(plan, view).map((line) => `${plan.app}: ${line}`);
}

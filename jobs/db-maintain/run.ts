// db-maintain run: does to each database what its owner allowed and is due; for the timer.
import type { JobContext } from '../../lib/run/context.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { maintainApps, maintainPlan } from './steps/maintain-apps.ts';

type Given = Options<typeof parameters.run>;

export function run(context: JobContext, { app }: Given): ReturnType<typeof maintainApps> {
  return maintainApps(context, app, 'due');
}

export { maintainText as text } from './steps/maintain-apps.ts';

export const plan = maintainPlan<Given>('due');

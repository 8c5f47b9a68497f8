// db-maintain integrity: checks a copy of a database in full, and changes nothing.
import type { JobContext } from '../../lib/run/context.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { maintainApps, maintainPlan } from './steps/maintain-apps.ts';

type Given = Options<typeof parameters.integrity>;

export function run(context: JobContext, { app }: Given): ReturnType<typeof maintainApps> {
  return maintainApps(context, app, 'integrity');
}

export { maintainText as text } from './steps/maintain-apps.ts';

export const plan = maintainPlan<Given>('integrity');

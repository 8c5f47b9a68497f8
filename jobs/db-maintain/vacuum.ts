// db-maintain vacuum: writes a database anew, without the pages that hold nothing.
import type { JobContext } from '../../lib/run/context.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { maintainApps, maintainPlan } from './steps/maintain-apps.ts';

type Given = Options<typeof parameters.vacuum>;

export function run(context: JobContext, { app }: Given): ReturnType<typeof maintainApps> {
  return maintainApps(context, app, 'vacuum');
}

export { maintainText as text } from './steps/maintain-apps.ts';

export const plan = maintainPlan<Given>('vacuum');

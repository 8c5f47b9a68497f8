// db-maintain optimize: brings up to date what SQLite knows of the tables of a database.
import type { JobContext } from '../../lib/run/context.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { maintainApps, maintainPlan } from './steps/maintain-apps.ts';

type Given = Options<typeof parameters.optimize>;

export function run(context: JobContext, { app }: Given): ReturnType<typeof maintainApps> {
  return maintainApps(context, app, 'optimize');
}

export { maintainText as text } from './steps/maintain-apps.ts';

export const plan = maintainPlan<Given>('optimize');

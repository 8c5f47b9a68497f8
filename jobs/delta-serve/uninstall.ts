// delta-serve uninstall: takes out of an app's database what install has put there. Those who follow it stop where they are.
import { formatCount } from '../../lib/base/format.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { servedApp } from './steps/served-app.ts';

interface Uninstalled {
  app: string;
  dropped: readonly string[];
}

export async function run(
  context: JobContext,
  { app: name }: Options<typeof parameters.uninstall>,
): Promise<Outcome<Uninstalled>> {
  const app = servedApp(context, name);
  // A service that runs would look for what is gone.
  await using running = await context.lock({ name: app.name, scope: 'serve' }, 'delta-serve uninstall');
  await using lock = await context.lock({ name: app.name, scope: 'delta' }, 'delta-serve uninstall');
  void [running, lock];
  const { dropped } = await (await context.servedDatabase(app)).uninstall();
  return { result: { app: app.name, dropped }, findings: [] };
}

export function text({ app, dropped }: Uninstalled): string[] {
  return [
    `${app}: took ${formatCount(dropped.length, 'trigger and table', 'triggers and tables')} out of the database`,
  ];
}

// delta-push uninstall: takes out of an app's database all that install has put there.
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { deltaApp } from './steps/delta-apps.ts';

interface Uninstalled {
  app: string;
  dropped: readonly string[];
}

type Given = Options<typeof parameters.uninstall>;

export async function run(context: JobContext, { app: name }: Given): Promise<Outcome<Uninstalled>> {
  const app = deltaApp(context, name);
  await using lock = await context.lock({ name: app.name, scope: 'delta' }, 'delta-push uninstall');
  void lock;
  return { result: { app: app.name, ...(await context.uninstallCapture(app)) }, findings: [] };
}

export function text({ app, dropped }: Uninstalled): string[] {
  return [
    `${app}: ${dropped.length} triggers and tables of ours are gone; its own are as they were`,
    `${app}: take [apps.${app}.delta] out of the configuration, or the timer will miss them`,
  ];
}

// db-backup test: tries everything a backup needs, without making one.
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, Steps } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { selectedApps } from '../steps/each-app.ts';
import type * as parameters from './parameters.ts';
import { type Trials, trialsText, tryEverything } from './steps/try-everything.ts';

type Given = Options<typeof parameters.test>;

export async function run(context: JobContext, { app }: Given): Promise<Outcome<Trials>> {
  return tryEverything(context, selectedApps(context, app), { dryRun: false });
}

export const text = trialsText;

export const plan: Steps<Given, Trials> = {
  run: async (context, { app }) => tryEverything(context, selectedApps(context, app), { dryRun: true }),
  text: trialsText,
};

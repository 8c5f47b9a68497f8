// db-backup test: tries everything a backup needs, without making one.
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, Steps } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { type Trials, trialsText, tryEverything } from './steps/try-everything.ts';

type Given = Options<typeof parameters.test>;

export function run(context: JobContext, { app }: Given): Promise<Outcome<Trials>> {
  return tryEverything(context, app, { dryRun: false });
}

export const text = trialsText;

export const plan: Steps<Given, Trials> = {
  run: (context, { app }) => tryEverything(context, app, { dryRun: true }),
  text: trialsText,
};

// db-export-json freeze: a day's document must not change any more.
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, Steps } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { type ChangedFreeze, changeFreeze, freezeText, planFreeze } from './steps/change-freeze.ts';

type Given = Options<typeof parameters.freeze>;

export async function run(context: JobContext, given: Given): Promise<Outcome<ChangedFreeze>> {
  return changeFreeze(context, given, 'frozen');
}

export const text = freezeText;

export const plan: Steps<Given, ChangedFreeze> = {
  run: (context, given) => planFreeze(context, given, 'frozen'),
  text: (result) => freezeText(result).map((line) => `would say: ${line}`),
};

// delta-push run: one cycle: what has changed goes to the receiver, and what cannot go waits.
import { formatBytes, formatCount } from '../../lib/base/format.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { type AppsResult, appsOutcome, appsText, eachApp } from '../steps/each-app.ts';
import { findingLines } from '../steps/words.ts';
import type * as parameters from './parameters.ts';
import { deltaApps } from './steps/delta-apps.ts';
import { type Pushed, pushApp } from './steps/push-app.ts';
import { standingFindings } from './steps/push-findings.ts';

type Given = Options<typeof parameters.run>;

export async function run(
  context: JobContext,
  { app: name, now }: Given,
): Promise<Outcome<AppsResult<Pushed>>> {
  const apps = deltaApps(context, name);
  const results = await eachApp(context, apps, (app) =>
    pushApp(context, app, { isForced: now || context.attended }),
  );
  return appsOutcome(results, (pushed, name) => {
    const app = apps.find((one) => one.name === name);
    const standing = app === undefined ? [] : standingFindings(app, pushed, context.clock.now());
    const news = pushed.warnings.map((message) => ({ severity: 'warning' as const, message }));
    return [...news, ...standing];
  });
}

export function text(result: AppsResult<Pushed>, { findings }: View): string[] {
  return [
    ...appsText(result, (pushed, app) => [`${app}: ${words(pushed)}`]),
    ...findings.flatMap(findingLines),
  ];
}

function words({ outcome, upserts, deletes, unchanged, sentBytes, waiting, trouble }: Pushed): string {
  if (trouble !== undefined)
    return `not pushed: ${trouble.message} (tried again after ${trouble.notBefore})${waiting === 0 ? '' : `; ${formatCount(waiting, 'noted change')} ${waiting === 1 ? 'waits' : 'wait'}`}`;
  if (outcome === 'nothing') return 'nothing to push: the receiver has everything';
  const known = unchanged === 0 ? '' : `, ${unchanged} that it had already`;
  return `pushed ${formatCount(upserts, 'row')} and ${formatCount(deletes, 'deletion')}${known} in ${formatBytes(sentBytes)}`;
}

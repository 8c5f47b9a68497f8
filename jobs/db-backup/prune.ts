// db-backup prune: what the retention policy keeps and removes, with the reason for each backup.
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, Steps, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import {
  type AppFinding,
  type AppsResult,
  appsOutcome,
  appsText,
  eachApp,
  selectedApps,
} from '../steps/each-app.ts';
import type * as parameters from './parameters.ts';
import { pruneApp, pruneFindings, type PruneReport, refusalFindings } from './steps/prune.ts';
import { pruneTable } from './steps/prune-words.ts';

type Given = Options<typeof parameters.prune>;

export async function run(context: JobContext, { app }: Given): Promise<Outcome<AppsResult<PruneReport>>> {
  const results = await eachApp(context, selectedApps(context, app), async (each) => {
    const repository = await context.openRepository(each);
    await using lock = await context.lock(each, 'db-backup prune');
    void lock;
    await repository.finishPending();
    return await pruneApp(context, repository, each, await repository.list());
  });
  return appsOutcome(results, findingsOf);
}

export function text(result: AppsResult<PruneReport>, view: View): string[] {
  return appsText(result, (report, app) => pruneTable(report, app, 'done', view));
}

/** The same on the store of a dry run, which keeps to itself what is removed from it. */
export const plan: Steps<Given, AppsResult<PruneReport>> = {
  async run(context, { app }) {
    const results = await eachApp(context, selectedApps(context, app), async (each) => {
      const repository = await context.openRepository(each);
      return pruneApp(context, repository, each, await repository.list());
    });
    return appsOutcome(results, findingsOf);
  },
  text: (result, view) => appsText(result, (report, app) => pruneTable(report, app, 'would', view)),
};

function findingsOf(report: PruneReport): AppFinding[] {
  return [...refusalFindings(report, true), ...pruneFindings(report)];
}

// db-backup prune: what the retention policy keeps and removes, with the reason for each backup.
import { formatTable } from '../../lib/base/format.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, Steps } from '../../lib/run/job.ts';
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
import { lostFindings, pruneApp, type PruneReport } from './steps/prune.ts';

type Given = Options<typeof parameters.prune>;

export async function run(context: JobContext, { app }: Given): Promise<Outcome<AppsResult<PruneReport>>> {
  const results = await eachApp(context, selectedApps(context, app), async (each) => {
    const repository = await context.openRepository(each);
    await using lock = await context.lock(each, 'db-backup prune');
    void lock;
    await repository.finishPending();
    return await pruneApp(context, repository, each);
  });
  return appsOutcome(results, findingsOf);
}

export function text(result: AppsResult<PruneReport>): string[] {
  return appsText(result, (report, app) => pruneLines(report, app, { done: 'pruned', removed: 'removed' }));
}

/** The same on the store of a dry run, which keeps to itself what is removed from it. */
export const plan: Steps<Given, AppsResult<PruneReport>> = {
  async run(context, { app }) {
    const results = await eachApp(context, selectedApps(context, app), async (each) =>
      pruneApp(context, await context.openRepository(each), each),
    );
    return appsOutcome(results, findingsOf);
  },
  text: (result) =>
    appsText(result, (report, app) => pruneLines(report, app, { done: 'plan', removed: 'would remove' })),
};

function findingsOf(report: PruneReport): AppFinding[] {
  const refused: AppFinding[] =
    report.refused === undefined
      ? []
      : [{ severity: 'warning', message: `nothing was pruned: ${report.refused}` }];
  return [...refused, ...lostFindings(report)];
}

function pruneLines(
  { decisions, refused, lost }: PruneReport,
  app: string,
  words: { done: string; removed: string },
): string[] {
  const rows = decisions.map(({ name, keep, reasons }) => [
    `  ${keep ? 'keep' : words.removed}`,
    name,
    reasons.join('; '),
  ]);
  return [
    `${app}: ${refused === undefined ? words.done : `nothing is removed: ${refused}`}`,
    ...formatTable(rows),
    ...lost.map((name) => `  LOST: the data of ${name} is gone from the store`),
  ];
}

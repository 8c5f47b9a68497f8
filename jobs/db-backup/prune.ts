// db-backup prune: what the retention policy keeps and removes, with the reason for each backup.
import { formatTable } from '../../lib/base/table.ts';
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
import { pruneApp, pruneFindings, pruneLines, type PruneReport, refusalFindings } from './steps/prune.ts';

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

export function text(result: AppsResult<PruneReport>): string[] {
  return appsText(result, (report, app) => reportLines(report, app, { done: 'pruned', removed: 'removed' }));
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
  text: (result) =>
    appsText(result, (report, app) => reportLines(report, app, { done: 'plan', removed: 'would remove' })),
};

function findingsOf(report: PruneReport): AppFinding[] {
  return [...refusalFindings(report, true), ...pruneFindings(report)];
}

function reportLines(report: PruneReport, app: string, words: { done: string; removed: string }): string[] {
  const { decisions, refused } = report;
  const rows = decisions.map(({ name, keep, reasons }) => [
    `  ${keep ? 'keep' : words.removed}`,
    name,
    reasons.join('; '),
  ]);
  return [
    `${app}: ${refused === undefined ? words.done : `nothing is removed: ${refused}`}`,
    ...formatTable(rows),
    ...pruneLines(report).map((line) => `  ${line}`),
  ];
}

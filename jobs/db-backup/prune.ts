// db-backup prune: what the retention policy keeps and removes, with the reason for each backup.
import { formatTable } from '../../lib/base/format.ts';
import type { CommandRun } from '../../lib/run/job.ts';
import { readCatalogue } from '../steps/catalogue.ts';
import { appsOutcome, eachApp, selectedApps } from '../steps/each-app.ts';
import { pruneApp, type PruneReport } from './steps/prune.ts';
import { finishPending } from './steps/publish.ts';

export const run: CommandRun = async (context, input) => {
  const results = await eachApp(context, selectedApps(context, input), async (app) => {
    const store = await context.openStore();
    const catalogue = () => readCatalogue(store, app, context.config);
    if (input.dryRun) return pruneApp(context, store, app, await catalogue(), true);
    await using lock = await context.lock(app, 'db-backup prune');
    void lock;
    await finishPending(context, store, app);
    return await pruneApp(context, store, app, await catalogue(), false);
  });
  return appsOutcome(results, {
    lines: (report, app) => pruneLines(report, app, input.dryRun),
    isBad: ({ refused, lost }) => refused !== undefined || lost.length > 0,
  });
};

function pruneLines({ decisions, refused, lost }: PruneReport, app: string, dryRun: boolean): string[] {
  const rows = decisions.map(({ name, keep, reasons }) => [
    `  ${keep ? 'keep' : dryRun ? 'would remove' : 'removed'}`,
    name,
    reasons.join('; '),
  ]);
  return [
    `${app}: ${refused === undefined ? (dryRun ? 'plan' : 'pruned') : `nothing is removed: ${refused}`}`,
    ...formatTable(rows),
    ...lost.map((name) => `  LOST: the data of ${name} is gone from the store`),
  ];
}

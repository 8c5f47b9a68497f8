// db-backup run: what the nightly timer starts. Copy, prove, publish, refresh the latest copy, and only then prune.
import type { GuardedApp } from '../../lib/config/config.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, Steps } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type { Store } from '../../lib/store/store.ts';
import { type AppsResult, appsOutcome, appsText, eachApp, selectedApps } from '../steps/each-app.ts';
import type * as parameters from './parameters.ts';
import { type BackupOrder, backUpApp } from '../steps/back-up-app.ts';
import { nightlyOrder } from './steps/nightly-order.ts';
import { backupFindings, backupLines, type BackupSummary, backupSummary } from './steps/backup-summary.ts';
import { type BackupPlan, planBackup, planFindings, planText } from './steps/plan-backup.ts';
import { pruneApp, pruneFindings, type PruneReport, refusalFindings } from './steps/prune.ts';
import { pruneSummary } from './steps/prune-words.ts';

type Given = Options<typeof parameters.run>;

/** One app's night. `prune` is undefined where it was left out on purpose. */
interface Night extends BackupSummary {
  prune: PruneReport | undefined;
}

export async function run(
  context: JobContext,
  { app, ...given }: Given,
): Promise<Outcome<AppsResult<Night>>> {
  const results = await eachApp(context, selectedApps(context, app), async (each) => {
    await using lock = await context.lock(each, 'db-backup run');
    void lock;
    return await night(context, await context.openStore(), each, nightlyOrder(context, each, given));
  });
  return appsOutcome(results, (one) => [
    ...backupFindings(one),
    ...(one.prune === undefined ? [] : [...refusalFindings(one.prune, false), ...pruneFindings(one.prune)]),
  ]);
}

export function text(result: AppsResult<Night>): string[] {
  return appsText(result, nightLines);
}

export const plan: Steps<Given, AppsResult<BackupPlan>> = {
  async run(context, { app, ...given }) {
    const results = await eachApp(context, selectedApps(context, app), async (each) => {
      await using lock = await context.lock(each, 'db-backup run');
      void lock;
      return await planBackup(context, each, nightlyOrder(context, each, given), { prunes: true });
    });
    return appsOutcome(results, planFindings);
  },
  text: planText,
};

async function night(context: JobContext, store: Store, app: GuardedApp, order: BackupOrder): Promise<Night> {
  const made = await backUpApp(context, store, app, order);
  const report = backupSummary(made);
  // P3: what may be the remains of a lost database replaces nothing and lets nothing go.
  if (report.suspect.length > 0) return { ...report, prune: undefined };
  const prune = await pruneApp(context, made.repository, app, made.entries);
  if (prune.refused !== undefined) context.log.warn(`${app.name}: nothing was pruned: ${prune.refused}`);
  return { ...report, prune };
}

function nightLines(report: Night, app: string): string[] {
  const { latest, prune } = report;
  const lines = backupLines(app, report);
  if (latest !== undefined) lines.push(`${app}: latest copy is ${latest}`);
  if (prune === undefined) return lines;
  return [...lines, ...pruneSummary(prune, 'done').map((line) => `${app}: ${line}`)];
}

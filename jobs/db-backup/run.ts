// db-backup run: what the nightly timer starts. Copy, prove, publish, refresh the latest copy, and only then prune.
import { formatCount } from '../../lib/base/format.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { CommandRun } from '../../lib/run/job.ts';
import type { Store } from '../../lib/store/store.ts';
import { backUpApp, backupLines, type BackupOrder, type BackupReport } from './steps/back-up-app.ts';
import { readCatalogue } from '../steps/catalogue.ts';
import { appsOutcome, eachApp, selectedApps } from '../steps/each-app.ts';
import { planBackup, planLines } from './steps/plan-backup.ts';
import { pruneApp, type PruneReport } from './steps/prune.ts';

/** One app's night. `prune` is undefined where it was left out on purpose. */
interface NightReport extends BackupReport {
  prune: PruneReport | undefined;
}

export const run: CommandRun = async (context, input) => {
  const acceptShrink = input.flag('accept-shrink');
  const order: BackupOrder = { label: undefined, acceptShrink, refreshLatest: true };
  const apps = selectedApps(context, input);
  if (input.dryRun) {
    const plans = await eachApp(context, apps, (app) => planBackup(context, app, order));
    return appsOutcome(plans, { lines: planLines, isBad: () => false });
  }
  const results = await eachApp(context, apps, async (app) => {
    await using lock = await context.lock(app, 'db-backup run');
    void lock;
    return await night(context, await context.openStore(), app, order);
  });
  return appsOutcome(results, {
    lines: nightLines,
    isBad: ({ suspect, prune }) => suspect.length > 0 || (prune?.lost.length ?? 0) > 0,
  });
};

async function night(
  context: JobContext,
  store: Store,
  app: GuardedApp,
  order: BackupOrder,
): Promise<NightReport> {
  const report = await backUpApp(context, store, app, order);
  // P3: what may be the remains of a lost database replaces nothing and lets nothing go.
  if (report.suspect.length > 0) return { ...report, prune: undefined };
  const prune = await pruneApp(context, store, app, await readCatalogue(store, app, context.config), false);
  if (prune.refused !== undefined) context.log.warn(`${app.name}: nothing was pruned: ${prune.refused}`);
  return { ...report, prune };
}

function nightLines(report: NightReport, app: string): string[] {
  const { latest, prune } = report;
  const lines = backupLines(app, report);
  if (latest !== undefined) lines.push(`${app}: latest copy is ${latest}`);
  if (prune === undefined) return lines;
  const kept = prune.decisions.length - prune.removed.length;
  const removed = prune.removed.length === 0 ? 'removed none' : `removed ${prune.removed.join(', ')}`;
  lines.push(
    `${app}: ${prune.refused === undefined ? removed : `nothing pruned: ${prune.refused}`}; ${formatCount(kept, 'backup')} kept`,
  );
  return [...lines, ...prune.lost.map((name) => `${app}: LOST: the data of ${name} is gone from the store`)];
}

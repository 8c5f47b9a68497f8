// db-backup backup: one proven backup of each app.
import { namedBackupName } from '../../lib/backup/name.ts';
import type { CommandRun } from '../../lib/run/job.ts';
import { type BackupOrder, backUpApp, backupLines } from './steps/back-up-app.ts';
import { appsOutcome, eachApp, selectedApps } from '../steps/each-app.ts';
import { planBackup, planLines } from './steps/plan-backup.ts';

export const run: CommandRun = async (context, input) => {
  const order: BackupOrder = {
    label: input.argument(0),
    acceptShrink: input.flag('accept-shrink'),
    refreshLatest: false,
  };
  const apps = selectedApps(context, input);
  // A name no store would take is refused before the first app is touched.
  for (const app of apps) if (order.label !== undefined) namedBackupName(app.layout, app.name, order.label);
  if (input.dryRun) {
    const plans = await eachApp(context, apps, (app) => planBackup(context, app, order));
    return appsOutcome(plans, { lines: planLines, isBad: () => false });
  }
  const results = await eachApp(context, apps, async (app) => {
    await using lock = await context.lock(app, 'db-backup backup');
    void lock;
    return await backUpApp(context, await context.openStore(), app, order);
  });
  return appsOutcome(results, {
    lines: (report, app) => backupLines(app, report),
    isBad: ({ suspect }) => suspect.length > 0,
  });
};

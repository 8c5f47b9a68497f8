// db-backup list-backups: the backups of each app, newest first.
import { formatBytes, formatCount } from '../../lib/base/format.ts';
import type { CommandRun } from '../../lib/run/job.ts';
import { readCatalogue } from '../steps/catalogue.ts';
import { appsOutcome, eachApp, selectedApps } from '../steps/each-app.ts';
import { backupTable } from '../steps/words.ts';

export const run: CommandRun = async (context, input) => {
  const store = await context.openStore();
  const now = context.clock.now();
  const results = await eachApp(context, selectedApps(context, input), async (app) => ({
    store: store.description,
    backups: await readCatalogue(store, app, context.config),
  }));
  return appsOutcome(results, {
    lines: ({ backups }, app) => {
      const bytes = backups.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      const head = `${app}: ${formatCount(backups.length, 'backup')}, ${formatBytes(bytes)} in ${store.description}`;
      return [head, ...backupTable(backups, now)];
    },
    isBad: () => false,
  });
};

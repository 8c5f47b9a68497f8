// db-backup list-backups: the backups of each app, newest first.
import { type BackupCounts, countBackups, countWords } from '../../lib/backup/counts.ts';
import { formatBytes, zoneWords } from '../../lib/base/format.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { type AppsResult, appsOutcome, appsText, eachApp, selectedApps } from '../steps/each-app.ts';
import { backupTable, type ListedBackup, listedBackup } from '../steps/listed-backup.ts';
import type * as parameters from './parameters.ts';

interface AppBackups {
  store: string;
  counts: BackupCounts;
  backups: ListedBackup[];
}

export async function run(
  context: JobContext,
  { app }: Options<typeof parameters.listBackups>,
): Promise<Outcome<AppsResult<AppBackups>>> {
  const store = await context.openStore();
  const results = await eachApp(context, selectedApps(context, app), async (each) => {
    const entries = await (await context.openRepository(each)).list();
    return {
      ...{ store: store.description, counts: countBackups(entries) },
      backups: entries.map(listedBackup),
    };
  });
  return appsOutcome(results);
}

export function text(result: AppsResult<AppBackups>, view: View): string[] {
  return appsText(result, ({ store, counts, backups }, app) => {
    const bytes = backups.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
    const head = `${app}: ${countWords(counts)}, ${formatBytes(bytes)} in ${store}, ${zoneWords(view.timeZone)}`;
    return [head, ...backupTable(backups, view)];
  });
}

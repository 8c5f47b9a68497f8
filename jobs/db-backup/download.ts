// db-backup download: the latest copy to a new file. It never goes over a database: that is what restore is for.
import { existsSync } from 'node:fs';
import { OpsError } from '../../lib/base/errors.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import type { CommandRun } from '../../lib/run/job.ts';
import { chooseNamed } from '../steps/choose-entry.ts';
import { downloadEntry } from '../steps/download-entry.ts';
import { selectedApp } from '../steps/each-app.ts';

export const run: CommandRun = async (context, input) => {
  const app = selectedApp(context, input);
  const target = input.argument(0) ?? emptyPlace(app);
  const store = await context.openStore();
  const { entry } = await chooseNamed(context, store, app, app.latest ?? 'latest');
  return downloadEntry(context, store, entry, target, input.dryRun);
};

/** The database's own path, as long as nothing is there. */
function emptyPlace({ name, database, latest }: GuardedApp): string {
  if (!existsSync(database)) return database;
  throw new OpsError('refused', `cannot download to ${database}: a database is there`, {
    hint:
      'name another path: db-backup download /tmp/copy.db; or put it in place, with a way back: ' +
      `restore run ${latest ?? 'latest'} --app ${name}`,
  });
}

// db-backup backup: one proven backup of each app.
import { namedBackupName } from '../../lib/backup/name.ts';
import { requireNote } from '../../lib/backup/note.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, Steps } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { type AppsResult, appsOutcome, appsText, eachApp, selectedApps } from '../steps/each-app.ts';
import type * as parameters from './parameters.ts';
import { type BackupOrder, backUpApp, ownFormat } from '../steps/back-up-app.ts';
import { backupFindings, backupLines, type BackupSummary, backupSummary } from './steps/backup-summary.ts';
import { type BackupPlan, planBackup, planText } from './steps/plan-backup.ts';

type Given = Options<typeof parameters.backup>;

export async function run(context: JobContext, options: Given): Promise<Outcome<AppsResult<BackupSummary>>> {
  const results = await eachApp(context, namedApps(context, options), async (app) => {
    await using lock = await context.lock(app, 'db-backup backup');
    void lock;
    const order = orderOf(app, options);
    return backupSummary(await backUpApp(context, await context.openStore(), app, order));
  });
  return appsOutcome(results, backupFindings);
}

export function text(result: AppsResult<BackupSummary>): string[] {
  return appsText(result, (summary, app) => backupLines(app, summary));
}

export const plan: Steps<Given, AppsResult<BackupPlan>> = {
  async run(context, options) {
    const results = await eachApp(context, namedApps(context, options), async (app) => {
      await using lock = await context.lock(app, 'db-backup backup');
      void lock;
      return await planBackup(context, app, orderOf(app, options), { prunes: false });
    });
    return appsOutcome(results);
  },
  text: planText,
};

function orderOf(app: GuardedApp, { name, note, acceptShrink: shrink, accept: finding }: Given): BackupOrder {
  const what = { formats: [ownFormat(app)], storesUnchanged: true, refreshLatest: false };
  const called = { label: name, note: note === undefined ? undefined : requireNote(note) };
  return { ...called, acceptance: { shrink, finding }, ...what };
}

/** A name no store would take, or a note that is none, is refused before the first app is touched. */
function namedApps(context: JobContext, { name, note, app }: Given): readonly GuardedApp[] {
  if (note !== undefined) requireNote(note);
  const apps = selectedApps(context, app);
  for (const each of apps) if (name !== undefined) namedBackupName(each.layout, each.name, name);
  return apps;
}

// restore list: everything a database can be restored from.
import { shellWord } from '../../lib/base/shell-word.ts';
import { type BackupCounts, countBackups, countWords } from '../../lib/backup/counts.ts';
import { formatBytes, formatWallTime, zoneWords } from '../../lib/base/format.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { type AppsResult, appsOutcome, appsText, eachApp } from '../steps/each-app.ts';
import { backupsOf, type RestorableApp, restorableApps } from '../steps/restorable-apps.ts';
import { type LatestCopy, latestCopy } from '../steps/latest-copy.ts';
import { backupTable, type ListedBackup, listedBackup } from '../steps/listed-backup.ts';
import type * as parameters from './parameters.ts';
import { type ListedUndoSet, undoLine, undoSetsOf } from '../steps/undo-sets.ts';

interface Restorable {
  store: string;
  /** Where its database was, and the command that brings it back, where only the store knows of it. */
  wayBack: { database: string | undefined; command: string } | undefined;
  counts: BackupCounts;
  backups: ListedBackup[];
  /** A plain file that a person can open. */
  latest: LatestCopy | undefined;
  undoSets: ListedUndoSet[];
}

export async function run(
  context: JobContext,
  { app }: Options<typeof parameters.list>,
): Promise<Outcome<AppsResult<Restorable>>> {
  const store = await context.openStore();
  const results = await eachApp(context, await restorableApps(context, app), async (each) => {
    const entries = await backupsOf(context, each);
    return {
      store: store.description,
      wayBack: wayBack(each),
      counts: countBackups(entries),
      backups: entries.map(listedBackup),
      latest: await latestCopy(store, each),
      undoSets: each.isOnlyStored === true ? [] : await undoSetsOf(context, each),
    };
  });
  return appsOutcome(results);
}

export function text(result: AppsResult<Restorable>, view: View): string[] {
  return appsText(result, ({ store, counts, backups, latest, undoSets, wayBack }, app) => [
    `${app}: ${countWords(counts)} in ${store}, ${zoneWords(view.timeZone)}`,
    ...backupTable(backups, view),
    ...(latest === undefined
      ? []
      : [
          `  ${latest.name}  ${formatBytes(latest.sizeBytes)}  the latest copy, of ${formatWallTime(latest.modifiedAt, view.timeZone)}`,
        ]),
    ...undoSets.map((set) => undoLine(set, view.timeZone)),
    ...(wayBack === undefined
      ? []
      : [
          `  ${wayBack.database === undefined ? '' : `it was at ${wayBack.database}; `}to bring it back: ${wayBack.command}`,
        ]),
  ]);
}

function wayBack({ name, engine, was: database, isOnlyStored }: RestorableApp): Restorable['wayBack'] {
  if (isOnlyStored !== true) return undefined;
  if (engine === 'postgres')
    return {
      database,
      command: `postgres_url_file in [apps.${name}], then restore run latest --app ${name}`,
    };
  return {
    database,
    command: `restore run latest --app ${name} --to ${shellWord(database ?? `${name}.db`)}`,
  };
}

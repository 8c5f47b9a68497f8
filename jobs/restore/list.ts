// restore list: everything a database can be restored from.
import { formatBytes, formatCount, formatInstant } from '../../lib/base/format.ts';
import { OpsError } from '../../lib/base/errors.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import { locateTarget } from '../../lib/placement/target.ts';
import { listUndoSets, type UndoSet } from '../../lib/placement/undo-list.ts';
import type { CommandRun } from '../../lib/run/job.ts';
import { readCatalogue } from '../steps/catalogue.ts';
import { appsOutcome, eachApp, selectedApps } from '../steps/each-app.ts';
import { backupTable } from '../steps/words.ts';

export const run: CommandRun = async (context, input) => {
  const store = await context.openStore();
  const now = context.clock.now();
  const results = await eachApp(context, selectedApps(context, input), async (app) => ({
    backups: await readCatalogue(store, app, context.config),
    latest: app.latest === undefined ? undefined : await store.stat(app.latest),
    undoSets: await undoSetsOf(app),
  }));
  return appsOutcome(results, {
    lines: ({ backups, latest, undoSets }, app) => [
      `${app}: ${formatCount(backups.length, 'backup')} in ${store.description}`,
      ...backupTable(backups, now),
      ...(latest === undefined
        ? []
        : [
            `  ${latest.name}  ${formatBytes(latest.sizeBytes)}  the latest copy, of ${formatInstant(latest.modifiedAt)}`,
          ]),
      ...undoSets.map(undoLine),
    ],
    isBad: () => false,
  });
};

/**
 * A database whose directory is gone has no undo sets, and may be just what is to be restored. Nor has what is no file:
 * the backups are worth seeing all the same.
 */
export async function undoSetsOf(app: GuardedApp): Promise<UndoSet[]> {
  try {
    return await listUndoSets(await locateTarget(app.database));
  } catch (error) {
    if (error instanceof OpsError && ['missing', 'refused'].includes(error.kind)) return [];
    throw error;
  }
}

/** One undo set in a line. */
export function undoLine(set: UndoSet): string {
  const size = formatBytes(set.sizeBytes);
  if (!set.usable) return `  undo set ${set.path}  ${size}  cannot be used: ${set.problem}`;
  const { madeAt, replacedBy, state } = set.record;
  const used = state === 'used' ? ', brought back already' : '';
  return `  undo set ${set.path}  ${size}  replaced by ${replacedBy} on ${formatInstant(madeAt)}${used}`;
}

// restore status: which database is in place, what was interrupted, what can be undone.
import { formatBytes } from '../../lib/base/format.ts';
import { OpsError } from '../../lib/base/errors.ts';
import { lockHolder } from '../../lib/lock/owner.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import { locateTarget } from '../../lib/placement/target.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { CommandRun } from '../../lib/run/job.ts';
import { appsOutcome, eachApp, selectedApps } from '../steps/each-app.ts';
import { describeEarlier } from './steps/settle.ts';
import { ago } from '../steps/words.ts';
import { undoLine, undoSetsOf } from './list.ts';

export const run: CommandRun = async (context, input) => {
  const now = context.clock.now();
  const results = await eachApp(context, selectedApps(context, input), (app) => describe(context, app));
  return appsOutcome(results, {
    lines: ({ database, interrupted, undoSets, lastDrill, holder }, app) => [
      `${app}: ${database.problem ?? `${database.path}, ${formatBytes(database.sizeBytes ?? 0)}`}`,
      ...interrupted.map((sentence) => `  INTERRUPTED: ${sentence}`),
      ...(holder === undefined ? [] : [`  working on it now: ${holder}`]),
      ...undoSets.map(undoLine),
      ...(undoSets.length === 0
        ? []
        : ['  an undo set that is no longer wanted may be deleted: rm -r <its path>']),
      lastDrill === undefined
        ? '  last restore drill: never; try: restore drill'
        : `  last restore drill: ${lastDrill.outcome}, ${lastDrill.name}, ${ago(lastDrill.at, now)}`,
    ],
    isBad: ({ interrupted, holder }) => interrupted.length > 0 && holder === undefined,
  });
};

async function describe(context: JobContext, app: GuardedApp) {
  const target = await locateTarget(app.database);
  return {
    database: await look(context, target),
    interrupted: await describeEarlier(context, app, target),
    undoSets: await undoSetsOf(app),
    lastDrill: context.history.lastDrill(app.name),
    holder: await holderOf(context, app),
  };
}

async function look(
  context: JobContext,
  path: string,
): Promise<{ path: string; sizeBytes?: number; problem?: string }> {
  try {
    return { path, sizeBytes: (await context.source({ database: path }).look()).sizeBytes };
  } catch (error) {
    if (error instanceof OpsError) return { path, problem: error.message };
    throw error;
  }
}

async function holderOf({ config }: JobContext, app: GuardedApp): Promise<string | undefined> {
  const holder = await lockHolder(`${config.runDirectory}/locks`, app.name);
  return holder === undefined ? undefined : `${holder.purpose} (process ${holder.pid})`;
}

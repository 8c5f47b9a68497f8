// restore status: which database is in place, what was interrupted, what can be undone, and what could be restored.
import { formatBytes } from '../../lib/base/format.ts';
import { OpsError } from '../../lib/base/errors.ts';
import { databaseOf, type GuardedApp, isFileApp } from '../../lib/config/config.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { type AppsResult, appsOutcome, appsText, eachApp, selectedApps } from '../steps/each-app.ts';
import {
  type EarlierRestore,
  interruptedFindings,
  locateIfReached,
  lookForEarlier,
} from '../steps/earlier-restore.ts';
import { ago } from '../steps/words.ts';
import type * as parameters from './parameters.ts';
import {
  glanceAtStandby,
  type StandbyGlance,
  standbyGlanceFindings,
  standbyGlanceLines,
} from './steps/standby-glance.ts';
import { glanceAtStore, glanceLines, type StoreGlance } from './steps/store-glance.ts';
import { type ListedUndoSet, oldSetsFindings, undoLine, undoSetsOf } from '../steps/undo-sets.ts';

interface RestoreStatus extends EarlierRestore {
  /** Where it is out of reach, nothing beside it was seen either: no undo set, no interrupted restore. */
  database: { path: string; sizeBytes?: number; problem?: string; isOutOfReach?: true };
  undoSets: ListedUndoSet[];
  /** Of an app with a standby. */
  standby: StandbyGlance | undefined;
  lastDrill: { name: string; outcome: string; at: Date } | undefined;
  /** What the store has to restore from. */
  store: StoreGlance;
}

export async function run(
  context: JobContext,
  { app }: Options<typeof parameters.status>,
): Promise<Outcome<AppsResult<RestoreStatus>>> {
  const glance = glanceAtStore(context);
  const results = await eachApp(context, selectedApps(context, app), async (each) => ({
    ...(await describe(context, each)),
    store: await glance(each),
  }));
  return appsOutcome(results, (status, name) => [
    ...interruptedFindings(status, name),
    ...standbyGlanceFindings(status.standby, name),
    ...oldSetsFindings(status.undoSets, name, context.clock.now()),
  ]);
}

export function text(result: AppsResult<RestoreStatus>, view: View): string[] {
  const { now, timeZone } = view;
  return appsText(result, ({ database, interrupted, undoSets, standby, lastDrill, holder, store }, app) => [
    `${app}: ${database.problem ?? `${database.path}, ${formatBytes(database.sizeBytes ?? 0)}`}`,
    ...(standby?.role === 'standby' ? [] : problemLines(database, app)),
    ...standbyGlanceLines(standby, view),
    ...interrupted.map((sentence) => `  INTERRUPTED: ${sentence}`),
    ...(holder === undefined ? [] : [`  working on it now: ${holder}`]),
    ...undoSets.map((set) => undoLine(set, timeZone)),
    ...(undoSets.length === 0
      ? []
      : [`  one that is no longer wanted: restore undo <its name> --discard --app ${app}`]),
    ...glanceLines(store, now),
    lastDrill === undefined
      ? '  last restore drill: never; try: restore drill'
      : `  last restore drill: ${lastDrill.outcome}, ${lastDrill.name}, ${ago(lastDrill.at, now)}`,
  ]);
}

function problemLines({ problem, isOutOfReach }: RestoreStatus['database'], app: string): string[] {
  if (problem === undefined) return [];
  if (isOutOfReach === true)
    return ['  what lies beside it was not looked at: undo sets, an interrupted restore'];
  return [`  the way back: restore plan latest --app ${app}`];
}

async function describe(context: JobContext, app: GuardedApp): Promise<Omit<RestoreStatus, 'store'>> {
  using target = isFileApp(app) ? await locateIfReached(app.database) : undefined;
  return {
    database: await look(context, app, target?.path ?? databaseOf(app)),
    ...(await lookForEarlier(context, app)),
    undoSets: await undoSetsOf(context, app),
    standby: isFileApp(app) ? await glanceAtStandby(context, app, target) : undefined,
    lastDrill: lastDrill(context, app.name),
  };
}

function lastDrill({ history }: JobContext, app: string): RestoreStatus['lastDrill'] {
  const drill = history.lastDrill(app);
  return drill === undefined ? undefined : { name: drill.name, outcome: drill.outcome, at: drill.at };
}

async function look(context: JobContext, app: GuardedApp, path: string): Promise<RestoreStatus['database']> {
  try {
    return { path, sizeBytes: (await context.source(app).look()).sizeBytes };
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    const { kind, message: problem } = error;
    return { path, problem, ...(kind === 'unavailable' ? { isOutOfReach: true } : {}) };
  }
}

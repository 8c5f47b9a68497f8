// Gathers what the report is made of: the history, what the store has now, and when the timers start next.
import { join } from 'node:path';
import type { CatalogueEntry } from '../../../lib/backup/catalogue.ts';
import { isProvenIn, newestProven } from '../../../lib/backup/catalogue.ts';
import { labelOf } from '../../../lib/backup/name.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import { databaseOf, type GuardedApp, guardedApps } from '../../../lib/config/config.ts';
import { allChecks, checksByName } from '../../../lib/health/all-checks.ts';
import { settled } from '../../../lib/health/check.ts';
import type { CheckState } from '../../../lib/health/reading.ts';
import type { BackupRow, DrillRow, RunRow } from '../../../lib/history/rows.ts';
import { lastProven } from '../../../lib/probe/last-proven.ts';
import type { AppFacts, CheckFacts, DiskFacts, ReportFacts, RunFacts } from '../../../lib/report/facts.ts';
import { configOption } from '../../../lib/run/config-option.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { completeHint } from '../../../lib/run/hint.ts';
import { nextBackups } from './next-backups.ts';
import { pagesFacts } from './pages-facts.ts';
import { rowChangeFacts } from './row-change-facts.ts';

const dayMs = 86_400_000;
const looksBackDays = 365;
const incidentsMax = 1000;
/** The timer asks every five minutes: what is older was not asked for a reason. */
const staleMs = 30 * 60_000;

export async function reportFacts(context: JobContext): Promise<ReportFacts> {
  const { history, clock, config, host, version } = context;
  const at = clock.now();
  const since = new Date(at.getTime() - looksBackDays * dayMs);
  const past = {
    runs: history.runsSince('db-backup', since).filter(({ startedAt }) => startedAt <= at),
    backups: history.backupsSince(since).filter(({ takenAt }) => takenAt <= at),
    drills: history.drillsSince(since).filter((drill) => drill.at <= at),
  };
  const states = history.checkStates();
  const stored = await storedBackups(context);
  const next = await nextBackups(context.runCommand, guardedApps(config), context.signal);
  return {
    ...{ at, since, host, version, timeZone: config.timeZone, configOption: configOption(config) },
    apps: guardedApps(config).map((app) => appFacts(context, app, { past, stored, next, at })),
    checks: inOrder(states).map((state) => checkFacts(context, state)),
    incidents: history.incidents(since, incidentsMax),
    disks: states
      .filter(({ check }) => check === 'disk-space')
      .map(({ subject }) => diskOf(context, subject, since)),
    rowChanges: rowChangeFacts(context),
    gaps: [...historyGap(context), ...(stored.gap === undefined ? [] : [stored.gap])],
  };
}

/** Nothing in a history that nobody could read is not nothing. */
function historyGap({ history, config }: JobContext): string[] {
  if (history.isKnown()) return [];
  const path = join(config.stateDirectory, 'ops.db');
  return [
    `There is no history to be read (${path}): nothing was done here yet, or it is not for this user to see (sudo), ` +
      'or the log says what is wrong with it.',
  ];
}

interface Past {
  readonly runs: readonly RunRow[];
  readonly backups: readonly BackupRow[];
  readonly drills: readonly DrillRow[];
}

/** What the store has of each app; of none once it did not answer. */
interface StoredBackups {
  readonly of: ReadonlyMap<string, readonly CatalogueEntry[]>;
  readonly gap: string | undefined;
}

async function storedBackups(context: JobContext): Promise<StoredBackups> {
  const of = new Map<string, readonly CatalogueEntry[]>();
  try {
    for (const app of guardedApps(context.config))
      of.set(app.name, await (await context.openRepository(app)).list());
    return { of, gap: undefined };
  } catch (error) {
    if (!(error instanceof OpsError) || context.signal.aborted) throw error;
    const rest =
      'what is said of backups is from the history of this machine, which does not know which are still there';
    return { of, gap: `The store could not be looked at (${error.message}): ${rest}.` };
  }
}

function appFacts(
  context: JobContext,
  app: GuardedApp,
  {
    past,
    stored,
    next,
    at,
  }: { past: Past; stored: StoredBackups; next: ReadonlyMap<string, Date | undefined>; at: Date },
): AppFacts {
  const { name } = app;
  const backups = past.backups.filter((backup) => backup.app === name);
  const entries = stored.of.get(name);
  const isOnly = guardedApps(context.config).length === 1;
  return {
    ...{ name, database: databaseOf(app) },
    ...whatThereIs(context, app, { entries, backups, at }),
    pages: entries && pagesFacts(app, entries, context.config.timeZone),
    nextAt: next.get(name),
    backups: backups.map(({ takenAt, sizeBytes, storedBytes, level, state }) => ({
      ...{ takenAt, sizeBytes, storedBytes, level },
      isSound: wasProven({ state }),
    })),
    runs: past.runs.filter((run) => isBackupOf(run, name)).map((run) => runFacts(run, isOnly)),
    drills: past.drills.filter((drill) => drill.app === name),
  };
}

/** Also where it was pruned since. */
function wasProven({ state }: { state: string }): boolean {
  return state === 'proven' || state === 'removed';
}

/** By the store, which is the truth, else by the history. */
function whatThereIs(
  { history }: JobContext,
  app: GuardedApp,
  {
    entries,
    backups,
    at,
  }: { entries: readonly CatalogueEntry[] | undefined; backups: readonly BackupRow[]; at: Date },
): Pick<AppFacts, 'newest' | 'oldestAt' | 'provenCount' | 'provenNamed' | 'from'> {
  const known = backups.filter(wasProven).toReversed();
  const proven = entries?.filter(({ state }) => state === 'proven') ?? known;
  const newest =
    entries === undefined ? known.find(({ state }) => state === 'proven') : newestProven(entries);
  return {
    newest: newest && {
      name: newest.name,
      at: lastProven(history, app, newest.takenAt, {
        now: at,
        isThere: entries === undefined ? () => true : isProvenIn(entries),
      }),
      sizeBytes: newest.sizeBytes,
      storedBytes: newest.storedBytes,
    },
    oldestAt: proven.at(-1)?.takenAt,
    provenCount: proven.length,
    provenNamed: [...proven].filter((each) => isNamed(each, app)).length,
    from: entries === undefined ? 'the history' : 'the store',
  };
}

/** The history has only the name to tell it by. */
function isNamed(each: CatalogueEntry | BackupRow, { layout, name: app }: GuardedApp): boolean {
  return 'runId' in each ? labelOf(each.name, { layout, app }) !== undefined : each.named === true;
}

function isBackupOf(run: RunRow, app: string): boolean {
  return (
    ['run', 'backup', 'hourly'].includes(run.command) &&
    (run.app === undefined || run.app === app) &&
    run.outcome !== 'running'
  );
}

function runFacts(run: RunRow, isOnly: boolean): RunFacts {
  const { startedAt, endedAt, outcome, sentBytes, message } = run;
  const isShared = run.app === undefined && !isOnly;
  return { startedAt, endedAt, isDone: outcome === 'done', isShared, sentBytes, message };
}

/** In the order in which people should read them. */
function inOrder(states: readonly CheckState[]): CheckState[] {
  const names = [...checksByName.keys()];
  const place = ({ check }: CheckState) =>
    checksByName.has(check) ? names.indexOf(check) : allChecks.length;
  return [...states].sort((a, b) => place(a) - place(b));
}

/** With a hint that works as typed, also for who reads it elsewhere. */
function checkFacts({ config }: JobContext, state: CheckState): CheckFacts {
  const check = checksByName.get(state.check);
  const everyMs = check === undefined ? 0 : settled(check, config.health.checks[state.check]).everyMs;
  const around = { configOption: configOption(config), app: undefined, isSudo: false };
  const hint = state.hint === undefined ? undefined : completeHint(state.hint, around);
  return { ...state, hint, staleAfterMs: Math.max(staleMs, 2 * everyMs) };
}

function diskOf({ history }: JobContext, path: string, since: Date): DiskFacts {
  const of = (name: string) => history.samples({ check: 'disk-space', subject: path, name }, since);
  return { path, used: of('value'), freeBytes: of('free_bytes').at(-1)?.value };
}

// db-backup info: the databases, the store, and how well each app is protected.
import { type CatalogueEntry, isProvenIn, newestProven } from '../../lib/backup/catalogue.ts';
import { type BackupCounts, countBackups, countWords } from '../../lib/backup/counts.ts';
import { isSealedName } from '../../lib/backup/name.ts';
import { OpsError } from '../../lib/base/errors.ts';
import { formatBytes, formatCount, formatDuration, formatInstant } from '../../lib/base/format.ts';
import { severityOfError, verdictOf } from '../../lib/base/finding.ts';
import { databaseOf, type GuardedApp } from '../../lib/config/config.ts';
import { lastProven } from '../../lib/probe/last-proven.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type { SourceLook } from '../../lib/source/source.ts';
import type { Store, StoreSpace } from '../../lib/store/store.ts';
import { interruptedFindings, lookForEarlier } from '../steps/earlier-restore.ts';
import {
  type AppFinding,
  type AppResult,
  appsOutcome,
  appsText,
  eachApp,
  selectedApps,
} from '../steps/each-app.ts';
import { clearLatestCopy, type LatestCopy, latestCopy } from '../steps/latest-copy.ts';
import { lookAtSource } from '../steps/snapshot.ts';
import { type ListedUndoSet, oldSetsFindings, undoLine, undoSetsOf } from '../steps/undo-sets.ts';
import { ago, findingLines } from '../steps/words.ts';
import type * as parameters from './parameters.ts';
import { type JudgedAge, judgedAge, requireMaxAge } from './steps/judged-age.ts';
import { protectionFindings } from './steps/protection.ts';
import { formatInfo, type FormatInfo, formatLines } from './steps/series-info.ts';
import { type Standing, standingLines, standingOf } from './steps/standing.ts';

interface Info {
  configuration: string;
  stateDirectory: string;
  timeZone: string;
  store: string;
  /** What the configuration names it by; undefined where it has none yet. */
  storeId: string | undefined;
  space: StoreSpace;
  apps: AppResult<AppInfo>[];
}

interface AppInfo extends FormatInfo, Standing {
  database: string;
  source: Pick<SourceLook, 'path' | 'sizeBytes' | 'remarks'> | { problem: string };
  newestProven: { name: string; takenAt: Date; lookedAt: Date | undefined } | undefined;
  /** How old that is, by the limit that counts; undefined where there is none. */
  age: Omit<JudgedAge, 'message' | 'hint'> | undefined;
  counts: Record<CatalogueEntry['state'], number>;
  /** The same backups, by who decides how long they stay. */
  kinds: BackupCounts;
  storedBytes: number;
  latest: LatestCopy | undefined;
  /** Undefined where backups are not sealed. */
  clear: { backups: number; latest: string | undefined } | undefined;
  lastDrill: { name: string; at: Date; outcome: string } | undefined;
  undoSets: ListedUndoSet[];
}

export async function run(
  context: JobContext,
  { app, maxAge }: Options<typeof parameters.info>,
): Promise<Outcome<Info>> {
  const maxAgeMs = requireMaxAge(maxAge);
  const store = await context.openStore();
  const space = await store.space();
  const bad = new Map<string, AppFinding[]>();
  const described = await eachApp(context, selectedApps(context, app), async (each) => {
    const { info, findings } = await describeApp(context, store, each, { ...space, maxAgeMs });
    bad.set(each.name, findings);
    return info;
  });
  const { result, findings } = appsOutcome(described, (_, name) => bad.get(name) ?? []);
  const { source: configuration, stateDirectory, timeZone } = context.config;
  return {
    result: {
      ...{ configuration, stateDirectory, timeZone, store: store.description, storeId: store.id, space },
      ...result,
    },
    findings,
  };
}

export function text(info: Info, view: View): string[] {
  const { configuration, stateDirectory, store, storeId, space, apps } = info;
  const free = space.freeBytes === undefined ? '' : `, ${formatBytes(space.freeBytes)} free`;
  return [
    `configuration: ${configuration}`,
    `store: ${store}${free}`,
    `store id: ${storeId ?? 'none yet; the next backup gives it one'}`,
    `state: ${stateDirectory}`,
    ...appsText({ apps }, (info, app) => infoLines(info, app, view)),
    ...view.findings.flatMap(findingLines),
  ];
}

async function describeApp(
  context: JobContext,
  store: Store,
  app: GuardedApp,
  { freeBytes, maxAgeMs }: StoreSpace & { maxAgeMs: number | undefined },
): Promise<{ info: AppInfo; findings: AppFinding[] }> {
  const entries = await (await context.openRepository(app)).list();
  const newest = newestProven(entries);
  const counts = { proven: 0, suspect: 0, unfinished: 0, foreign: 0, damaged: 0, future: 0, lost: 0 };
  for (const { state } of entries) counts[state] += 1;
  const source = await look(context, app);
  const sourceProblem = source instanceof OpsError ? source : undefined;
  const latest = await latestCopy(store, app);
  const clear = context.config.encryption && {
    backups: entries.filter(({ name }) => !isSealedName(name)).length,
    latest: (await clearLatestCopy(context, store, app))?.name,
  };
  const undoSets = await undoSetsOf(context, app);
  const shown = newest && newestInfo(context, app, newest, entries);
  const age = shown && (await ageOf(context, app, shown, maxAgeMs));
  const info = {
    database: databaseOf(app),
    source: source instanceof OpsError ? { problem: source.message } : source,
    newestProven: shown,
    age: age && shownAge(age),
    ...(await standingOf(context, app, entries, sourceProblem === undefined)),
    counts,
    kinds: countBackups(entries),
    storedBytes: entries.reduce((sum, { storedBytes }) => sum + storedBytes, 0),
    ...(await formatInfo(context, app, entries)),
    latest,
    clear,
    lastDrill: lastDrill(context, app.name),
    undoSets,
  };
  const hasLatestCopy = latest !== undefined;
  const findings = [
    ...(await protectionFindings(context, app, {
      ...{ entries, sourceProblem, hasLatestCopy, age, freeBytes },
      clearLatest: clear?.latest,
    })),
    ...(await earlierFindings(context, app, sourceProblem)),
    ...oldSetsFindings(undoSets, app.name, context.clock.now()),
  ];
  return { info, findings };
}

/** `lookedAt` is when the database was last found to be as in a backup that is there, later than the newest was taken. */
function newestInfo(
  { clock, history }: JobContext,
  app: GuardedApp,
  { name, takenAt }: CatalogueEntry,
  entries: readonly CatalogueEntry[],
): NonNullable<AppInfo['newestProven']> {
  const known = lastProven(history, app, takenAt, { now: clock.now(), isThere: isProvenIn(entries) });
  return { name, takenAt, lookedAt: known > takenAt ? known : undefined };
}

function ageOf(
  context: JobContext,
  app: GuardedApp,
  { name, takenAt, lookedAt }: NonNullable<AppInfo['newestProven']>,
  maxAgeMs: number | undefined,
): Promise<JudgedAge> {
  return judgedAge(context, app, { name, at: lookedAt ?? takenAt }, maxAgeMs);
}

/** The words of it stand in the findings. */
function shownAge({ verdict, ageMs, limitMs, limitBy }: JudgedAge): NonNullable<AppInfo['age']> {
  return { verdict, ageMs, limitMs, limitBy };
}

/** Of a database that cannot be read, that is the news, and not that nobody can tell what a restore left of it. */
async function earlierFindings(
  context: JobContext,
  app: GuardedApp,
  sourceProblem: OpsError | undefined,
): Promise<AppFinding[]> {
  try {
    return interruptedFindings(await lookForEarlier(context, app), app.name);
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    const { kind, message, hint } = error;
    return sourceProblem === undefined ? [{ severity: severityOfError(kind), message, hint, kind }] : [];
  }
}

function lastDrill({ history }: JobContext, app: string): AppInfo['lastDrill'] {
  const drill = history.lastDrill(app);
  return drill === undefined ? undefined : { name: drill.name, at: drill.at, outcome: drill.outcome };
}

/** A source that cannot be read is what this command is for: it is shown, and the rest as well. */
async function look(
  context: JobContext,
  app: GuardedApp,
): Promise<Pick<SourceLook, 'path' | 'sizeBytes' | 'remarks'> | OpsError> {
  try {
    const { path, sizeBytes, remarks } = await lookAtSource(context, app);
    return { path, sizeBytes, remarks };
  } catch (error) {
    if (error instanceof OpsError) return error;
    throw error;
  }
}

function infoLines(info: AppInfo, app: string, view: View): string[] {
  const { now, timeZone } = view;
  const { source, newestProven, counts, age, latest, clear, lastDrill } = info;
  const verdict = verdictOf(view.findings.filter(({ subject }) => subject === app));
  const states = Object.entries(counts).filter(([, count]) => count > 0);
  return [
    `${app}: ${verdict.toUpperCase()}`,
    'problem' in source
      ? `  database: ${source.problem}`
      : `  database: ${info.database}, ${[formatBytes(source.sizeBytes), ...source.remarks].join(', ')}`,
    newestProven === undefined
      ? '  newest proven backup: NONE'
      : `  newest proven backup: ${newestProven.name}, ${ago(newestProven.takenAt, now)}` +
        (newestProven.lookedAt === undefined ? '' : `; unchanged ${ago(newestProven.lookedAt, now)}`),
    ...(age === undefined
      ? []
      : [
          `  age limit: ${formatDuration(age.limitMs)} (${age.limitBy})${age.verdict === 'ok' ? '' : ', which is over'}`,
        ]),
    states.length === 0
      ? '  backups: none'
      : `  ${countWords(info.kinds)}: ${states.map(([state, count]) => `${count} ${state}`).join(', ')}, ${formatBytes(info.storedBytes)}`,
    ...standingLines(info, view),
    ...formatLines(info, now),
    ...(clear === undefined || clear.backups === 0
      ? []
      : [
          `  in clear: ${formatCount(clear.backups, 'backup')}, which retention lets go in time, as all others`,
        ]),
    latest === undefined
      ? '  latest copy: none'
      : `  latest copy: ${latest.name}, ${formatBytes(latest.sizeBytes)}, of ${formatInstant(latest.modifiedAt, timeZone)}`,
    lastDrill === undefined
      ? '  last restore drill: never; try: restore drill'
      : `  last restore drill: ${lastDrill.outcome}, ${lastDrill.name}, ${ago(lastDrill.at, now)}`,
    ...info.undoSets.map((set) => undoLine(set, timeZone)),
  ];
}

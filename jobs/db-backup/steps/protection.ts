// How well an app is protected, as bad news: what a person who asks whether it is all still working has to be told.
import { type CatalogueEntry, newestProven, nextBytes } from '../../../lib/backup/catalogue.ts';
import type { OpsError } from '../../../lib/base/errors.ts';
import { formatBytes, formatDuration } from '../../../lib/base/format.ts';
import type { GuardedApp } from '../../../lib/config/config.ts';
import { spaceCommand } from '../../../lib/files/space.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { AppFinding } from '../../steps/each-app.ts';
import type { JudgedAge } from './judged-age.ts';
import { badAmong, judgeRest, pruneFindings } from './prune.ts';

/** A run needs room for the backup and for the latest copy. */
const backupsToFit = 2;

/** What was seen of one app. */
export interface Seen {
  /** What the store holds of it, newest first. */
  entries: readonly CatalogueEntry[];
  /** Why the database cannot be read. */
  sourceProblem: OpsError | undefined;
  hasLatestCopy: boolean;
  /** A latest copy that anybody can open, beside backups that are sealed. */
  clearLatest: string | undefined;
  /** How old the newest proven one is, as it is judged; undefined where there is none. */
  age: JudgedAge | undefined;
  /** What is free in the store, where it says so. */
  freeBytes: number | undefined;
}

/** Everything that is bad about how an app is protected; nothing where it is as it should be. */
export async function protectionFindings(
  context: JobContext,
  app: GuardedApp,
  seen: Seen,
): Promise<AppFinding[]> {
  return [
    ...sourceFindings(seen),
    ...backupFindings(app, seen),
    ...(await badBackups(context, app, seen)),
    ...latestFindings(app, seen),
    ...clearFindings(app, seen),
    ...drillFindings(context, app, seen),
    ...spaceFindings(context, seen),
  ];
}

function sourceFindings({ sourceProblem: problem }: Seen): AppFinding[] {
  if (problem === undefined) return [];
  const { kind, message, hint } = problem;
  return [{ severity: 'critical', message, hint, kind }];
}

function backupFindings(app: GuardedApp, seen: Seen): AppFinding[] {
  const { entries } = seen;
  const newest = newestProven(entries);
  const counting = entries.find(({ state }) => state === 'proven' || state === 'suspect');
  const suspect: AppFinding[] =
    counting?.state !== 'suspect'
      ? []
      : [
          {
            severity: 'warning',
            message: `the newest backup is suspect: ${counting.name}: ${counting.problem ?? ''}`,
            hint: `look at the database; what is known: db-backup list-backups --app ${app.name}`,
          },
        ];
  if (newest === undefined) return [noneProven(app, entries), ...suspect];
  return [...ageFindings(seen), ...suspect];
}

function noneProven({ name }: GuardedApp, entries: readonly CatalogueEntry[]): AppFinding {
  return {
    severity: 'critical',
    message: 'there is no proven backup',
    hint:
      entries.length === 0
        ? `make one: db-backup run --app ${name}`
        : `what there is: db-backup list-backups --app ${name}; then make one: db-backup run --app ${name}`,
  };
}

/** As health-check judges it. */
function ageFindings({ age }: Seen): AppFinding[] {
  if (age === undefined || age.verdict === 'ok') return [];
  const { verdict: severity, message, hint } = age;
  return [{ severity, message, hint }];
}

async function badBackups(context: JobContext, app: GuardedApp, { entries }: Seen): Promise<AppFinding[]> {
  const { lost } = await judgeRest(context, app, entries);
  const bad = badAmong(entries.filter(({ state }) => state === 'damaged'));
  const future = entries.filter(({ state }) => state === 'future').map(({ name }) => name);
  return pruneFindings({ lost, bad, future });
}

function latestFindings({ name, latest }: GuardedApp, { entries, hasLatestCopy }: Seen): AppFinding[] {
  if (latest === undefined || hasLatestCopy || newestProven(entries) === undefined) return [];
  return [
    {
      severity: 'warning',
      message: `the latest copy ${latest} is not in the store`,
      hint: `make it: db-backup upload --app ${name}`,
    },
  ];
}

function clearFindings({ name, latest }: GuardedApp, { clearLatest }: Seen): AppFinding[] {
  if (clearLatest === undefined) return [];
  return [
    {
      severity: 'warning',
      message: `${clearLatest} lies in the store in clear, beside backups that are sealed`,
      hint:
        latest === undefined
          ? 'no latest copy is kept any more: remove it from the store by hand, and from its deleted files'
          : `the next sealed latest copy takes its place: db-backup upload --app ${name}`,
    },
  ];
}

function drillFindings({ clock, history }: JobContext, app: GuardedApp, { entries }: Seen): AppFinding[] {
  const drill = history.lastDrill(app.name);
  if (drill?.outcome === 'failed')
    return [
      {
        severity: 'critical',
        message: `the last restore drill failed: ${drill.name}: ${drill.detail}`,
        hint: `which are sound: db-backup verify --all --app ${app.name}; then once more: restore drill --app ${app.name}`,
      },
    ];
  const { drillMs } = app.expect;
  if (drillMs === undefined) return [];
  const isLongAgo = (at: Date) => Math.abs(clock.now().getTime() - at.getTime()) > drillMs;
  const oldest = entries.findLast(({ state }) => state === 'proven');
  if (oldest === undefined || !isLongAgo(oldest.takenAt)) return [];
  if (drill !== undefined && !isLongAgo(drill.at)) return [];
  return [
    {
      severity: 'warning',
      message: `no restore drill for more than ${formatDuration(drillMs)}: whether a backup restores was not tried`,
      hint: `restore drill --app ${app.name}`,
    },
  ];
}

function spaceFindings({ config }: JobContext, { entries, freeBytes }: Seen): AppFinding[] {
  const neededBytes = nextBytes(entries);
  if (neededBytes === 0 || freeBytes === undefined || freeBytes >= backupsToFit * neededBytes) return [];
  const { store } = config;
  return [
    {
      severity: 'warning',
      message: `the store is almost full: ${formatBytes(freeBytes)} are free, the next backup may take ${formatBytes(neededBytes)}`,
      hint: `${store.kind === 'directory' ? `what takes the room: ${spaceCommand(store.path)}; ` : ''}what would go: db-backup prune --dry-run`,
    },
  ];
}

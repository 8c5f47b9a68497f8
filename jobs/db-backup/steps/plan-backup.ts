// What a backup would do, for --dry-run: everything that a backup looks at first is looked at, in its order, and nothing is made.
import type { CatalogueEntry } from '../../../lib/backup/catalogue.ts';
import { formatBytes } from '../../../lib/base/format.ts';
import { databaseOf, type GuardedApp } from '../../../lib/config/config.ts';
import { requireCreatable } from '../../../lib/files/make-directories.ts';
import { requireSpace } from '../../../lib/files/space.ts';
import { inStateDirectory } from '../../../lib/files/state-directory.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { SourceLook } from '../../../lib/source/source.ts';
import type { Store } from '../../../lib/store/store.ts';
import { type AppFinding, type AppsResult, appsText } from '../../steps/each-app.ts';
import { lookAtSource, spaceNeeded } from '../../steps/snapshot.ts';
import { type BackupOrder, localCopies } from '../../steps/back-up-app.ts';
import { freeNames } from '../../steps/free-name.ts';
import { clearLatestCopy } from '../../steps/latest-copy.ts';
import { requireLiveHere } from '../../steps/live-here.ts';
import { pruneApp, pruneFindings, type PruneReport, refusalFindings } from './prune.ts';
import { pruneSummary } from './prune-words.ts';

/** What would be copied, and where to. */
export interface BackupPlan {
  database: string;
  sizeBytes: number;
  backup: string;
  /** In the other formats of the app, where there are any. */
  also: string[];
  store: string;
  /** The latest copy, where it would be refreshed. */
  latest: string | undefined;
  /** The one in clear of the days before backups were sealed, which would be removed. */
  clearLatest: string | undefined;
  /** What would go and stay, were the backup there; undefined where nothing is pruned. */
  prune: PruneReport | undefined;
}

/** Throws what the backup itself would throw before it copies. `prunes` is whether the run would prune. */
export async function planBackup(
  context: JobContext,
  app: GuardedApp,
  order: BackupOrder,
  { prunes }: { prunes: boolean },
): Promise<BackupPlan> {
  const store = await context.openStore();
  const repository = await context.openRepository(app);
  await requireScratch(context, store);
  const { names, takenAt } = await freeNames(context, repository, app, order);
  const { sizeBytes } = await lookAsCopied(context, store, app, localCopies(store, app, order));
  for (const { name } of names)
    await repository.requireRoom(name, { sizeBytes, refreshLatest: order.refreshLatest });
  await requireStateDirectory(context); // the note of what is pending is written there
  const planned = names.map(({ name }): CatalogueEntry => {
    return { name, sizeBytes, storedBytes: sizeBytes, takenAt, state: 'proven' };
  });
  const prune = prunes
    ? await pruneApp(context, repository, app, [...planned, ...(await repository.list())])
    : undefined;
  const latest = order.refreshLatest ? app.latest : undefined;
  const clear = latest === undefined ? undefined : await clearLatestCopy(context, store, app);
  const [backup = '', ...also] = names.map(({ name }) => name);
  return {
    ...{ database: databaseOf(app), sizeBytes, backup, also, store: store.description },
    ...{ latest, clearLatest: clear?.name, prune },
  };
}

/** Looks at the database as a snapshot of it begins, for `copies` copies. Throws what the snapshot would throw there. */
export async function planSnapshot(
  context: JobContext,
  store: Store,
  app: GuardedApp,
  copies: number,
): Promise<SourceLook> {
  await requireScratch(context, store);
  return lookAsCopied(context, store, app, copies);
}

/** What is bad about the backups there are would be bad news of the run as well. */
export function planFindings({ prune }: BackupPlan): AppFinding[] {
  return prune === undefined ? [] : [...refusalFindings(prune, false), ...pruneFindings(prune)];
}

/** What a person reads of the plans of several apps. */
export function planText(result: AppsResult<BackupPlan>): string[] {
  return appsText(result, (plan, app) => planLines(plan).map((line) => `${app}: ${line}`));
}

/** What a person reads of one. */
export function planLines(plan: BackupPlan): string[] {
  const { database, sizeBytes, backup, also, store, latest, clearLatest, prune } = plan;
  return [
    `would back up ${database} (${formatBytes(sizeBytes)}) as ${[backup, ...also].join(' and as ')} in ${store}`,
    ...(latest === undefined ? [] : [`would refresh the latest copy ${latest}`]),
    ...(clearLatest === undefined ? [] : [`would then remove ${clearLatest}, which is in clear`]),
    ...(prune === undefined ? [] : pruneSummary(prune, 'would')),
    ...(latest === undefined && prune === undefined
      ? []
      : ['a database that turns out to be suspect would replace and remove nothing']),
  ];
}

async function requireScratch(context: JobContext, { stagingDirectory }: Store): Promise<void> {
  if (stagingDirectory === undefined) await requireStateDirectory(context);
  else await requireCreatable(stagingDirectory);
}

function requireStateDirectory({ config: { stateDirectory } }: JobContext): Promise<void> {
  return inStateDirectory(`write in ${stateDirectory}`, () => requireCreatable(stateDirectory));
}

async function lookAsCopied(
  context: JobContext,
  store: Store,
  app: GuardedApp,
  copies: number,
): Promise<SourceLook> {
  const { clock, config, signal } = context;
  await requireLiveHere(context, app);
  const look = await lookAtSource(context, app);
  await requireSpace({
    directory: store.stagingDirectory ?? config.stateDirectory,
    neededBytes: spaceNeeded(look, copies),
    purpose: `back up ${app.name}`,
  });
  const wait = (ms: number) => context.wait(ms, signal);
  await context.source(app).begin(look, { now: clock.now(), wait, signal, makeNothing: true });
  return look;
}

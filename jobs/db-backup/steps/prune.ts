// Removing what the retention policy no longer keeps. Only backups that are ours and proven are ever candidates; what is
// left of one that was never finished, was half removed or cannot be restored goes as the policy would let it go.
import {
  type CatalogueEntry,
  isBaseUnread,
  isForRetention,
  isSuspect,
  storedPartOf,
} from '../../../lib/backup/catalogue.ts';
import { type BackupCounts, countBackups, countWords } from '../../../lib/backup/counts.ts';
import type { BaseLink } from '../../../lib/backup/kept-bases.ts';
import { formatByName } from '../../../lib/backup/name.ts';
import {
  type RetentionCandidate,
  type RetentionDecision,
  type RetentionPlan,
  type RetentionPolicy,
  retentionPlan,
} from '../../../lib/backup/retention.ts';
import { shellWord } from '../../../lib/base/shell-word.ts';
import type { GuardedApp } from '../../../lib/config/config.ts';
import type { Repository } from '../../../lib/repository/repository.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { firstTen } from '../../../lib/source/facts.ts';
import type { AppFinding } from '../../steps/each-app.ts';

/** What would go, what went, and why. */
export interface PruneReport {
  policy: RetentionPolicy;
  /** With what each takes in the store, without what it is based on. */
  decisions: (RetentionDecision & { storedBytes: number })[];
  /** Why nothing may be removed now; undefined when the plan may be carried out. */
  refused: string | undefined;
  removed: string[];
  /** What those took in the store. */
  freedBytes: number;
  /** Backups in pages that were never finished, of which what lay in the store was removed. */
  swept: string[];
  /** Whether it has been refused for long. */
  refusalLasts: boolean;
  /** Backups whose data is gone although the policy keeps them: somebody else removed it. */
  lost: string[];
  /** Backups that are known to be bad, and why. */
  bad: BadBackup[];
  /** Backups that are dated in the future: nothing chooses them, and they are kept until then. */
  future: string[];
  /** How many there are after it, in whatever state. */
  left: BackupCounts;
}

export interface BadBackup {
  name: string;
  problem: string;
  /** The backup that it cannot be restored without, and that is gone or bad. */
  brokenBy?: string;
}

/** Plans on what `repository` has listed last, and carries the plan out. Called under the app's lock, or on the store of a dry run. */
export async function pruneApp(
  context: JobContext,
  repository: Repository,
  app: GuardedApp,
  entries: readonly CatalogueEntry[],
): Promise<PruneReport> {
  const plan = await planPrune(context, app, entries);
  const { leftovers, lost, worthless } = await judgeRest(context, app, entries);
  const [removed, swept]: [string[], string[]] = [[], []];
  if (plan.refused === undefined) {
    // What cannot be restored goes first: some of it is based on what follows.
    for (const name of [...worthless, ...plan.removals]) {
      context.signal.throwIfAborted();
      await repository.remove(name);
      context.noteLeft(`${name} was removed by the retention policy`);
      removed.push(name);
    }
    for (const name of leftovers) await repository.remove(name);
    context.history.recordRemoved(app.name, [...removed, ...leftovers]);
    swept.push(...(await repository.sweep()));
  }
  const { refused, lasts } = plan;
  const bytes = new Map(entries.map(({ name, storedBytes }) => [name, storedBytes]));
  const storedBytes = (name: string) => bytes.get(name) ?? 0;
  const judged = {
    policy: app.keep,
    decisions: plan.decisions.map((one) => ({ ...one, storedBytes: storedBytes(one.name) })),
    freedBytes: removed.reduce((sum, name) => sum + storedBytes(name), 0),
  };
  // One that cannot be read holds all in pages: that has to be told as well.
  const bad = badAmong(
    entries.filter((each) => (each.isBad || isBaseUnread(each)) && !removed.includes(each.name)),
  );
  const future = entries.filter(({ state }) => state === 'future').map(({ name }) => name);
  const gone = new Set(plan.refused === undefined ? [...removed, ...swept, ...leftovers] : []);
  const left = countBackups(entries.filter(({ name }) => !gone.has(name)));
  return { ...judged, refused, refusalLasts: lasts, removed, swept, lost, bad, future, left };
}

/** What the policy says of what may be pruned among `entries`, and of `also`, which are among them, as if these were sound. */
async function planPrune(
  context: JobContext,
  app: GuardedApp,
  entries: readonly CatalogueEntry[],
  also: readonly CatalogueEntry[] = [],
): Promise<RetentionPlan> {
  const isPlanned = (entry: CatalogueEntry) => isForRetention(entry) || also.includes(entry);
  const others = entries.filter((entry) => !isPlanned(entry) && entry.state !== 'lost');
  return retentionPlan({
    backups: entries.filter(isPlanned).map((entry) => candidateOf(entry, entries)),
    others: others.map(linkOf),
    unread: others.filter(isBaseUnread).map(({ name }) => name),
    policy: app.keep,
    formats: app.formats,
    now: context.clock.now(),
    timeZone: context.config.timeZone,
    clock: await context.clockState(),
  });
}

function candidateOf(entry: CatalogueEntry, entries: readonly CatalogueEntry[]): RetentionCandidate {
  const { name, base } = linkOf(entry);
  return {
    name,
    takenAt: entry.takenAt,
    suspect: isSuspect(entry),
    base: base ?? plannedBase(entry, entries),
  };
}

function linkOf(entry: CatalogueEntry): BaseLink {
  return { name: entry.name, base: storedPartOf(entry)?.pages?.base?.name };
}

/** One that is only planned is based on what the newest is based on, for all that is known before it is made. */
function plannedBase({ name, manifest, sealed }: CatalogueEntry, entries: readonly CatalogueEntry[]) {
  if (formatByName(name) !== 'pages' || manifest !== undefined || sealed !== undefined) return undefined;
  return entries.find((entry) => isForRetention(entry) && storedPartOf(entry)?.pages !== undefined)?.name;
}

/**
 * What is there of backups that are none, as the policy would judge them if they were sound. A manifest without data is what an
 * interrupted removal leaves, unless the policy would have kept that backup: then it is lost. What only lacks what it is based
 * on is worthless when it would have gone by now; until then that may be brought back.
 */
export async function judgeRest(context: JobContext, app: GuardedApp, entries: readonly CatalogueEntry[]) {
  const [leftovers, lost]: [string[], string[]] = [[], []];
  for (const entry of entries.filter(({ state }) => state === 'lost')) {
    if (entry.named) {
      lost.push(entry.name);
      continue;
    }
    const plan = await planPrune(context, app, entries, [entry]);
    const kept = plan.decisions.find(({ name }) => name === entry.name)?.keep ?? true;
    (kept ? lost : leftovers).push(entry.name);
  }
  const broken = entries.filter(({ brokenBy, named }) => brokenBy !== undefined && !named);
  const names = new Set(broken.map(({ name }) => name));
  const { removals } = await planPrune(context, app, entries, broken);
  return { leftovers, lost, worthless: removals.filter((name) => names.has(name)) };
}

/** The backups that are bad, as they are told of. */
export function badAmong(entries: readonly CatalogueEntry[]): BadBackup[] {
  return entries.map(({ name, problem = 'its manifest cannot be used', brokenBy }) => ({
    ...{ name, problem },
    ...(brokenBy === undefined ? {} : { brokenBy }),
  }));
}

/** What is bad about the backups that there are, beside the refusal: whoever prunes has looked at all of them. */
export function pruneFindings({
  lost,
  bad,
  future,
}: Pick<PruneReport, 'lost' | 'bad' | 'future'>): AppFinding[] {
  return [
    ...lost.map((name): AppFinding => ({
      severity: 'critical',
      message: `the data of ${name} is gone from the store`,
      hint: `what there is: db-backup list-backups; where it was meant to go: db-backup remove ${shellWord(name)}`,
    })),
    ...bad.filter(isBadItself).map(({ name, problem }): AppFinding => ({
      severity: 'critical',
      message: `${name} is damaged, and counts for nothing: ${problem}`,
      hint: `are the others sound: db-backup verify --all; then this one can go: db-backup remove ${shellWord(name)}`,
    })),
    ...brokenGroups(bad).map(({ by, names }): AppFinding => ({
      severity: 'critical',
      message: `without ${by}, which is gone or damaged, these cannot be restored: ${names}`,
      hint: 'bring its files back to the store if you can, such as from the deleted files of Dropbox; new backups are not based on it, and these go as the policy lets them go',
    })),
    ...future.map((name): AppFinding => ({
      severity: 'warning',
      message: `${name} is dated in the future: the clock was ahead when it was made, or the clock is behind now`,
      hint: `set the clock right; where it is, this backup can be restored by its name, and removed: db-backup remove ${shellWord(name)}`,
    })),
  ];
}

/** What a person reads of them. */
export function pruneLines({ lost, bad, future, swept }: PruneReport): string[] {
  return [
    ...swept.map((name) => `swept ${name}: it was never finished`),
    ...lost.map((name) => `LOST: the data of ${name} is gone from the store`),
    ...bad.filter(isBadItself).map(({ name, problem }) => `DAMAGED: ${name}: ${problem}`),
    ...brokenGroups(bad).map(
      ({ by, names }) => `CANNOT BE RESTORED without ${by}, which is gone or damaged: ${names}`,
    ),
    ...future.map(
      (name) =>
        `IN THE FUTURE: ${name}: the clock was ahead when it was made, or the clock is behind now; it is kept, and restored by its name only`,
    ),
  ];
}

function isBadItself({ brokenBy }: BadBackup): boolean {
  return brokenBy === undefined;
}

/** One piece of news for all that one backup takes with it. */
function brokenGroups(bad: readonly BadBackup[]): { by: string; names: string }[] {
  const groups = Map.groupBy(
    bad.filter((one) => !isBadItself(one)),
    ({ brokenBy = '' }) => brokenBy,
  );
  return [...groups].map(([by, all]) => ({ by, names: firstTen(all.map(({ name }) => name)).join(', ') }));
}

/** How many backups stay, as the list says. */
export function keptCount({ left }: PruneReport): string {
  return countWords(left);
}

/** That nothing may be pruned is bad news: at once for who asked for it, else when it has been so for long. */
export function refusalFindings({ refused, refusalLasts }: PruneReport, isAsked: boolean): AppFinding[] {
  if (refused === undefined || !(isAsked || refusalLasts)) return [];
  const forLong = refusalLasts ? ', and that has been so for long: the store fills up' : '';
  return [{ severity: 'warning', message: `nothing was pruned: ${refused}${forLong}` }];
}

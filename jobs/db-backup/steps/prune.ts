// Removing what the retention policy no longer keeps. Only backups that are ours and proven are ever candidates.
import type { CatalogueEntry } from '../../../lib/backup/catalogue.ts';
import { type RetentionDecision, type RetentionPlan, retentionPlan } from '../../../lib/backup/retention.ts';
import type { GuardedApp } from '../../../lib/config/config.ts';
import type { Repository } from '../../../lib/repository/repository.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { AppFinding } from '../../steps/each-app.ts';

/** What would go, what went, and why. */
export interface PruneReport {
  decisions: RetentionDecision[];
  /** Why nothing may be removed now; undefined when the plan may be carried out. */
  refused: string | undefined;
  removed: string[];
  /** Whether it has been refused for long. */
  refusalLasts: boolean;
  /** Backups whose data is gone although the policy keeps them: somebody else removed it. */
  lost: string[];
  /** Backups whose bytes are known to be bad, and why. */
  bad: BadBackup[];
  /** Backups that are dated in the future: nothing chooses them, and they are kept until then. */
  future: string[];
}

interface BadBackup {
  name: string;
  problem: string;
}

/** Plans on what `repository` has listed last, and carries the plan out. Called under the app's lock, or on the store of a dry run. */
export async function pruneApp(
  context: JobContext,
  repository: Repository,
  app: GuardedApp,
  entries: readonly CatalogueEntry[],
): Promise<PruneReport> {
  const plan = await planPrune(context, app, entries.filter(isCandidate));
  const { leftovers, lost } = await judgeLost(context, app, entries);
  const removed: string[] = [];
  if (plan.refused === undefined) {
    for (const { name } of plan.decisions.filter(({ keep }) => !keep)) {
      context.signal.throwIfAborted();
      await repository.remove(name);
      context.noteLeft(`${name} was removed by the retention policy`);
      removed.push(name);
    }
    for (const name of leftovers) await repository.remove(name);
  }
  const { decisions, refused, lasts } = plan;
  const bad = entries.filter(({ isBad }) => isBad).map(({ name, problem = '' }) => ({ name, problem }));
  const future = entries.filter(({ state }) => state === 'future').map(({ name }) => name);
  return { decisions, refused, refusalLasts: lasts, removed, lost, bad, future };
}

async function planPrune(
  context: JobContext,
  app: GuardedApp,
  candidates: readonly CatalogueEntry[],
): Promise<RetentionPlan> {
  return retentionPlan({
    backups: candidates.map(({ name, takenAt, manifest }) => ({
      name,
      takenAt,
      suspect: (manifest?.suspect ?? []).length > 0,
    })),
    policy: app.keep,
    now: context.clock.now(),
    timeZone: context.config.timeZone,
    clock: await context.clockState(),
  });
}

/** A manifest without data is what an interrupted removal leaves, unless the policy would have kept that backup. */
export async function judgeLost(context: JobContext, app: GuardedApp, entries: readonly CatalogueEntry[]) {
  const [leftovers, lost]: [string[], string[]] = [[], []];
  for (const entry of entries.filter(({ state }) => state === 'lost')) {
    const plan = await planPrune(context, app, [...entries.filter(isCandidate), entry]);
    const kept = plan.decisions.find(({ name }) => name === entry.name)?.keep ?? true;
    (kept ? lost : leftovers).push(entry.name);
  }
  return { leftovers, lost };
}

/** A backup somebody gave a name of its own is theirs to remove. */
function isCandidate({ state, named }: CatalogueEntry): boolean {
  return (state === 'proven' || state === 'suspect' || state === 'future') && !named;
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
      hint: 'somebody else removed it; db-backup list-backups shows what there is',
    })),
    ...bad.map(({ name, problem }): AppFinding => ({
      severity: 'critical',
      message: `${name} is damaged, and counts for nothing: ${problem}`,
      hint: 'are the others sound: db-backup verify --all; this one goes when its files are removed from the store by hand',
    })),
    ...future.map((name): AppFinding => ({
      severity: 'warning',
      message: `${name} is dated in the future: the clock was ahead when it was made, or the clock is behind now`,
      hint: 'set the clock right; where it is, this backup can be restored by its name, and is done with when its files are removed from the store by hand',
    })),
  ];
}

/** What a person reads of them. */
export function pruneLines({ lost, bad, future }: PruneReport): string[] {
  return [
    ...lost.map((name) => `LOST: the data of ${name} is gone from the store`),
    ...bad.map(({ name, problem }) => `DAMAGED: ${name}: ${problem}`),
    ...future.map(
      (name) =>
        `IN THE FUTURE: ${name}: the clock was ahead when it was made, or the clock is behind now; it is kept, and restored by its name only`,
    ),
  ];
}

/** That nothing may be pruned is bad news: at once for who asked for it, else when it has been so for long. */
export function refusalFindings({ refused, refusalLasts }: PruneReport, isAsked: boolean): AppFinding[] {
  if (refused === undefined || !(isAsked || refusalLasts)) return [];
  const forLong = refusalLasts ? ', and that has been so for long: the store fills up' : '';
  return [{ severity: 'warning', message: `nothing was pruned: ${refused}${forLong}` }];
}

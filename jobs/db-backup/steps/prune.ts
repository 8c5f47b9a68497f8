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
  /** Backups whose data is gone although the policy keeps them: somebody else removed it. */
  lost: string[];
}

/** Plans, and carries the plan out. Called under the app's lock, or on the store of a dry run. */
export async function pruneApp(
  context: JobContext,
  repository: Repository,
  app: GuardedApp,
): Promise<PruneReport> {
  const entries = await repository.list();
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
  return { decisions: plan.decisions, refused: plan.refused, removed, lost };
}

async function planPrune(
  context: JobContext,
  app: GuardedApp,
  candidates: readonly CatalogueEntry[],
): Promise<RetentionPlan> {
  return retentionPlan({
    backups: candidates.map(({ name, takenAt, state }) => ({ name, takenAt, suspect: state === 'suspect' })),
    policy: app.keep,
    now: context.clock.now(),
    timeZone: context.config.timeZone,
    clock: await context.clockState(),
  });
}

/** A manifest without data is what an interrupted removal leaves, unless the policy would have kept that backup. */
async function judgeLost(context: JobContext, app: GuardedApp, entries: readonly CatalogueEntry[]) {
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
  return (state === 'proven' || state === 'suspect') && !named;
}

/** A backup that somebody else removed although the policy keeps it. */
export function lostFindings(report: PruneReport | undefined): AppFinding[] {
  return (report?.lost ?? []).map((name) => ({
    severity: 'critical',
    message: `the data of ${name} is gone from the store`,
    hint: 'somebody else removed it; db-backup list-backups shows what there is',
  }));
}

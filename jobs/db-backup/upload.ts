// db-backup upload: refresh the latest copy, and make no timestamped backup.
import type { CatalogueEntry } from '../../lib/backup/catalogue.ts';
import { reasonsOf } from '../../lib/backup/suspicion.ts';
import { OpsError } from '../../lib/base/errors.ts';
import { formatBytes } from '../../lib/base/format.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import type { Promotion } from '../../lib/placement/warm-copy-record.ts';
import { configOption } from '../../lib/run/config-option.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, Steps } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type { Store } from '../../lib/store/store.ts';
import { type AppsResult, appsOutcome, appsText, eachApp, selectedApps } from '../steps/each-app.ts';
import { proveSnapshot, type ProvenSnapshot } from '../steps/snapshot.ts';
import type * as parameters from './parameters.ts';
import { acceptCommand } from '../steps/accept-command.ts';
import { type Acceptance, judge } from '../steps/judge.ts';
import { removeClearLatest } from '../steps/latest-copy.ts';
import { requireLiveHere } from '../steps/live-here.ts';
import { clearRemovedWords } from './steps/backup-summary.ts';
import { planSnapshot } from './steps/plan-backup.ts';

type Given = Options<typeof parameters.upload>;

/** The latest copy as it was refreshed. */
interface Upload {
  latest: string;
  sizeBytes: number;
  sha256: string;
  /** The store had these very bytes there, as it says itself: nothing was sent. */
  unchanged: boolean;
  /** The one in clear of the days before backups were sealed, where it was removed. */
  clearLatest: string | undefined;
}

type UploadPlan = Pick<Upload, 'latest' | 'sizeBytes'>;

export async function run(
  context: JobContext,
  { app, acceptShrink: shrink, accept: finding }: Given,
): Promise<Outcome<AppsResult<Upload>>> {
  const results = await eachApp(context, selectedApps(context, app), async (each) => {
    const latest = requireLatest(each);
    await using lock = await context.lock(each, 'db-backup upload');
    void lock;
    return await upload(context, await context.openStore(), each, latest, { shrink, finding });
  });
  return appsOutcome(results);
}

export function text(result: AppsResult<Upload>): string[] {
  return appsText(result, ({ latest, sizeBytes, unchanged, clearLatest }, app) => [
    unchanged
      ? `${app}: the latest copy ${latest} is the database already, to the byte: nothing to do`
      : `${app}: refreshed the latest copy ${latest} (${formatBytes(sizeBytes)})`,
    ...(clearLatest === undefined ? [] : [`${app}: ${clearRemovedWords(clearLatest)}`]),
  ]);
}

export const plan: Steps<Given, AppsResult<UploadPlan>> = {
  async run(context, { app }) {
    const results = await eachApp(context, selectedApps(context, app), async (each) => {
      const latest = requireLatest(each);
      await using lock = await context.lock(each, 'db-backup upload');
      void lock;
      const { sizeBytes } = await planSnapshot(context, await context.openStore(), each, 1);
      return { latest, sizeBytes };
    });
    return appsOutcome(results);
  },
  text: (result) =>
    appsText(result, ({ latest, sizeBytes }, app) => [
      `${app}: would refresh the latest copy ${latest} (${formatBytes(sizeBytes)})`,
    ]),
};

function requireLatest(app: GuardedApp): string {
  if (app.latest !== undefined) return app.latest;
  throw new OpsError('config', `cannot upload ${app.name}: its latest copy is turned off`, {
    hint: `set latest under [apps.${app.name}], or use db-backup backup`,
  });
}

async function upload(
  context: JobContext,
  store: Store,
  app: GuardedApp,
  latest: string,
  acceptance: Acceptance,
): Promise<Upload> {
  const promotion = await requireLiveHere(context, app);
  const scratch = await context.scratch(store.stagingDirectory);
  try {
    const snapshot = await proveSnapshot(context, app, scratch, { copies: 1, takenAt: context.clock.now() });
    const repository = await context.openRepository(app);
    const entries = await repository.list();
    requireSuccessor(context, app, entries, snapshot, { acceptance, promotion });
    const { sizeBytes, sha256, contentHash } = snapshot.digest;
    if ((await store.stat(latest))?.contentHash === contentHash)
      return { latest, sizeBytes, sha256, unchanged: true, clearLatest: undefined };
    const blocked = await repository.refreshLatest({ file: snapshot.digest, scratch });
    if (blocked !== undefined) throw blocked;
    const clearLatest = await removeClearLatest(context, store, app);
    return { latest, sizeBytes, sha256, unchanged: false, clearLatest };
  } finally {
    await scratch.remove();
  }
}

function requireSuccessor(
  context: JobContext,
  app: GuardedApp,
  entries: readonly CatalogueEntry[],
  { measured }: ProvenSnapshot,
  order: { acceptance: Acceptance; promotion: Promotion | undefined },
): void {
  const { suspect } = judge(context, app, { entries, measured, ...order });
  if (suspect.length === 0) return;
  const reasons = reasonsOf(suspect);
  throw new OpsError('refused', `cannot replace the latest copy of ${app.name}: ${reasons.join('; ')}`, {
    hint: `look at the database first; if it is meant to be so: ${acceptCommand('upload', reasons, app.name, configOption(context.config))}`,
  });
}

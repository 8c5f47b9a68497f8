// db-backup upload: refresh the latest copy, and make no timestamped backup.
import { shrinkReasons } from '../../lib/backup/suspicion.ts';
import { OpsError } from '../../lib/base/errors.ts';
import { formatBytes } from '../../lib/base/format.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { CommandRun } from '../../lib/run/job.ts';
import type { Store } from '../../lib/store/store.ts';
import { newestProven, readCatalogue } from '../steps/catalogue.ts';
import { appsOutcome, eachApp, selectedApps } from '../steps/each-app.ts';
import { planBackup } from './steps/plan-backup.ts';
import { proveSnapshot, type ProvenSnapshot } from '../steps/snapshot.ts';

interface UploadReport {
  latest: string;
  sizeBytes: number;
  sha256: string;
  dryRun: boolean;
}

export const run: CommandRun = async (context, input) => {
  const results = await eachApp(context, selectedApps(context, input), async (app): Promise<UploadReport> => {
    const latest = requireLatest(app);
    if (input.dryRun) {
      const plan = await planBackup(context, app, {
        label: undefined,
        acceptShrink: false,
        refreshLatest: false,
      });
      return { latest, sizeBytes: plan.sizeBytes, sha256: '', dryRun: true };
    }
    await using lock = await context.lock(app, 'db-backup upload');
    void lock;
    return await upload(context, await context.openStore(), app, latest, input.flag('accept-shrink'));
  });
  return appsOutcome(results, {
    lines: ({ latest, sizeBytes, dryRun }, app) => [
      `${app}: ${dryRun ? 'would refresh' : 'refreshed'} the latest copy ${latest} (${formatBytes(sizeBytes)})`,
    ],
    isBad: () => false,
  });
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
  acceptShrink: boolean,
): Promise<UploadReport> {
  const scratch = await context.scratch(store.stagingDirectory);
  try {
    const snapshot = await proveSnapshot(context, app, scratch, 1);
    if (!acceptShrink) await requireNotShrunken(context, store, app, snapshot);
    context.progress.start(`${app.name}: storing`, snapshot.digest.sizeBytes);
    const stored = await store.put(latest, snapshot.digest, {
      replace: true,
      consume: true,
      signal: context.signal,
      onProgress: (done) => context.progress.update(done),
    });
    context.progress.end();
    context.noteLeft(`the latest copy ${latest} is up to date`);
    return { latest, sizeBytes: stored.sizeBytes, sha256: snapshot.digest.sha256, dryRun: false };
  } finally {
    await scratch.remove();
  }
}

async function requireNotShrunken(
  context: JobContext,
  store: Store,
  app: GuardedApp,
  { measured }: ProvenSnapshot,
): Promise<void> {
  const previous = newestProven(await readCatalogue(store, app, context.config));
  if (previous?.manifest === undefined) return;
  const reasons = shrinkReasons(previous.manifest, measured.facts);
  if (reasons.length === 0) return;
  throw new OpsError('refused', `cannot replace the latest copy of ${app.name}: ${reasons.join('; ')}`, {
    hint: 'look at the database first; if it is meant to be so: db-backup upload --accept-shrink',
  });
}

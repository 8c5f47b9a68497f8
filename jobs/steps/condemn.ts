// A backup that was read back and found bad: no list calls it proven again.
import { type CatalogueEntry, storedPartOf } from '../../lib/backup/catalogue.ts';
import { errorMessage, OpsError } from '../../lib/base/errors.ts';
import { firstOf } from '../../lib/base/finding.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import { backupPlace } from '../../lib/history/rows.ts';
import type { JobContext } from '../../lib/run/context.ts';

/**
 * Leaves word in the store, for every machine; where the store cannot be told, this machine alone remembers. Nothing for a
 * backup that no list calls one: it has no manifest that a verdict could be about, or is damaged already.
 */
export async function condemn(
  context: JobContext,
  app: GuardedApp,
  entry: CatalogueEntry,
  { foundBy, problems }: { foundBy: string; problems: readonly string[] },
): Promise<void> {
  const { manifest, name, takenAt, sizeBytes, state } = entry;
  if (manifest === undefined || state === 'damaged' || state === 'foreign') return;
  const { clock, host, runId, history, log } = context;
  const problem = firstOf(problems, 'it is not sound');
  const repository = await context.openRepository(app);
  const isTold = await repository
    .condemn(entry, { foundAt: clock.now(), foundBy, problem, host, runId })
    .then(
      () => true,
      (error: unknown) => {
        if (!(error instanceof OpsError) || context.signal.aborted) throw error;
        log.warn(`${app.name}: only this machine knows that ${name} is bad: ${errorMessage(error)}`);
        return false;
      },
    );
  const { sha256 } = manifest;
  history.recordBackup({
    ...{ app: app.name, name, runId, takenAt, sizeBytes, sha256 },
    ...backupPlace(entry, storedPartOf(entry)),
    state: isTold ? 'damaged' : 'damaged-untold',
  });
}

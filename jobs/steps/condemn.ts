// A backup that was read back and found bad: no list calls it proven again.
import { type CatalogueEntry, storedPartOf } from '../../lib/backup/catalogue.ts';
import { promiseOf } from '../../lib/backup/sealed-manifest.ts';
import { errorMessage, OpsError } from '../../lib/base/errors.ts';
import { firstOf } from '../../lib/base/finding.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import { backupPlace, noteForAll } from '../../lib/history/rows.ts';
import type { JobContext } from '../../lib/run/context.ts';

/**
 * Leaves word in the store, for every machine; where the store cannot be told, this machine alone remembers. Nothing for a
 * backup that no list calls one: it has no manifest that a verdict could be about, or is damaged already. Where another one
 * that it is based on is to blame, that is the one: all that is based on it is damaged then.
 */
export async function condemn(
  context: JobContext,
  app: GuardedApp,
  entry: CatalogueEntry,
  {
    foundBy,
    problems,
    brokenBy,
  }: { foundBy: string; problems: readonly string[]; brokenBy?: string | undefined },
): Promise<void> {
  const repository = await context.openRepository(app);
  const bad =
    brokenBy === undefined ? entry : (await repository.list()).find(({ name }) => name === brokenBy);
  const promising = bad?.sealed ?? bad?.manifest;
  if (bad === undefined || promising === undefined || bad.state === 'damaged' || bad.state === 'foreign')
    return;
  const { name, takenAt, sizeBytes } = bad;
  const { clock, host, runId, history, log } = context;
  const problem = firstOf(problems, 'it is not sound');
  const isTold = await repository.condemn(bad, { foundAt: clock.now(), foundBy, problem, host, runId }).then(
    () => true,
    (error: unknown) => {
      if (!(error instanceof OpsError) || context.signal.aborted) throw error;
      log.warn(`${app.name}: only this machine knows that ${name} is damaged: ${errorMessage(error)}`);
      return false;
    },
  );
  history.recordBackup({
    ...{ app: app.name, name, runId, takenAt, sizeBytes, sha256: promiseOf(promising) },
    ...backupPlace(bad, storedPartOf(bad)),
    note: noteForAll(bad),
    state: isTold ? 'damaged' : 'damaged-untold',
  });
}

// Proves one backup in scratch of its own, and removes the file again.
import { rm } from 'node:fs/promises';
import type { CatalogueEntry } from '../../lib/backup/catalogue.ts';
import { engineOf } from '../../lib/backup/manifest.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import type { Proof } from '../../lib/repository/proof.ts';
import type { Repository } from '../../lib/repository/repository.ts';
import type { JobContext } from '../../lib/run/context.ts';
import { condemn } from './condemn.ts';

/**
 * What `entry` turns out to be; one that is not sound is remembered as that, as found by the command `foundBy`. Throws
 * OpsError where that could not be found out.
 */
export async function proveEntry(
  context: JobContext,
  app: GuardedApp,
  { repository, entry, foundBy }: { repository: Repository; entry: CatalogueEntry; foundBy: string },
): Promise<Proof> {
  const { isRemote } = await context.openStore();
  const prove = () => proveOnce(context, app, repository, entry);
  let proof = await prove();
  // It may be the way here, and not the backup.
  if (!proof.sound && isRemote && entry.state !== 'damaged') proof = await prove();
  const { sound, problems, brokenBy } = proof;
  if (!sound) await condemn(context, app, entry, { foundBy, problems, brokenBy });
  return proof;
}

async function proveOnce(
  context: JobContext,
  app: GuardedApp,
  repository: Repository,
  entry: CatalogueEntry,
): Promise<Proof> {
  const scratch = await context.scratch();
  const target = scratch.file('backup.db');
  try {
    return await repository.prove(entry, context.source(app, engineOf(entry)), target);
  } finally {
    await rm(target, { force: true });
    await scratch.remove();
  }
}

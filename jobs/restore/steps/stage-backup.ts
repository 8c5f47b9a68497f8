// A backup, fetched beside the place where it will stand, and proven there (R1).
import { rm } from 'node:fs/promises';
import type { CatalogueEntry } from '../../../lib/backup/catalogue.ts';
import type { Manifest } from '../../../lib/backup/manifest.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import { firstOf } from '../../../lib/base/finding.ts';
import type { GuardedApp } from '../../../lib/config/config.ts';
import type { HashedFile } from '../../../lib/files/digest.ts';
import type { Staging } from '../../../lib/placement/staging.ts';
import { type Proof, proveByHash, proveFile, unfetched } from '../../../lib/repository/proof.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { condemn } from '../../steps/condemn.ts';
import { manifestOfBytes } from '../../steps/place-copy.ts';

/** A backup that lies beside the place of the database, proven. */
export interface Staged {
  proof: Proof;
  /** What it was proven against. */
  manifest: Manifest | undefined;
}

/** A backup that was fetched and is not what it should be. The list knows by now; nothing but staging was touched. */
export class UnsoundBackup extends OpsError {
  constructor({ name }: CatalogueEntry, { problems }: Proof) {
    super('damaged', `cannot restore ${name}: ${firstOf(problems, 'it is not sound')}`, {
      hint: 'the database in place was not touched; choose another backup: restore list',
    });
  }
}

/**
 * Fetches and proves; throws UnsoundBackup when anything does not agree, and then nothing but the staging directory was
 * touched, and the backup is known as bad. Bytes that hash to a manifest which says that the full check passed are proven by that, unless
 * `recheck` asks for the check again; all others are checked. A file without a manifest that has the very bytes of a
 * proven backup (the latest copy has) is proven by that backup's manifest.
 */
export async function stageBackup(
  context: JobContext,
  app: GuardedApp,
  { entry, entries }: { entry: CatalogueEntry; entries: readonly CatalogueEntry[] },
  staging: Pick<Staging, 'database' | 'path'>,
  { recheck, foundBy = 'restore run' }: { recheck: boolean; foundBy?: string },
): Promise<Staged> {
  let staged = await stageOnce(context, app, { entry, entries }, staging, recheck);
  if (!staged.proof.sound && (await context.openStore()).isRemote) {
    // It may be the way here, and not the backup.
    await rm(staging.database, { force: true });
    staged = await stageOnce(context, app, { entry, entries }, staging, recheck);
  }
  const { proof } = staged;
  if (!proof.sound) {
    await condemn(context, app, entry, { foundBy, ...proof });
    throw new UnsoundBackup(entry, proof);
  }
  if (!proof.proven)
    context.log.warn(`${entry.name} is unproven: SQLite finds no damage, but it has no manifest`);
  return staged;
}

async function stageOnce(
  context: JobContext,
  app: GuardedApp,
  { entry, entries }: { entry: CatalogueEntry; entries: readonly CatalogueEntry[] },
  staging: Pick<Staging, 'database' | 'path'>,
  recheck: boolean,
): Promise<Staged> {
  const repository = await context.openRepository(app);
  let fetched: HashedFile;
  try {
    fetched = await repository.fetch(entry, staging.database);
  } catch (error) {
    return { proof: unfetched(entry, error), manifest: undefined };
  }
  // By the descriptor it arrives; who reads it in a process of its own finds it by its path.
  const file = { ...fetched, path: staging.path };
  const manifest = entry.manifest ?? manifestOfBytes(file, entries);
  const { signal, progress } = context;
  const options = { signal, progress, task: `${app.name}: checking` };
  const claim = { name: entry.name, manifest };
  const proof =
    (recheck ? undefined : proveByHash(file, claim)) ??
    (await proveFile(file, claim, context.source(app), options));
  return { proof, manifest };
}

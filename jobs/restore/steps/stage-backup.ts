// A backup, fetched beside the place where it will stand, and proven there (R1).
import type { CatalogueEntry } from '../../../lib/backup/catalogue.ts';
import type { Manifest } from '../../../lib/backup/manifest.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import type { GuardedApp } from '../../../lib/config/config.ts';
import type { Staging } from '../../../lib/placement/staging.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { Store } from '../../../lib/store/store.ts';
import { fetchAndProve, type Proof, proveFetched } from '../../steps/prove-stored.ts';

/**
 * Fetches and proves; throws OpsError `damaged` when anything does not agree, and then nothing but the staging
 * directory was touched. A file without a manifest that has the very bytes of a proven backup (the latest copy has)
 * is proven by that backup's manifest.
 */
export async function stageBackup(
  context: JobContext,
  store: Store,
  app: GuardedApp,
  choice: { entry: CatalogueEntry; entries: readonly CatalogueEntry[] },
  staging: Staging,
): Promise<Proof> {
  const { entry, entries } = choice;
  let proof = await fetchAndProve(context, store, app, entry, staging.database);
  const twin = entry.manifest === undefined ? manifestOf(proof, entries) : undefined;
  if (twin !== undefined && proof.digest !== undefined) {
    proof = await proveFetched(context, app, { name: entry.name, manifest: twin }, proof.digest);
  }
  if (!proof.sound) throw unsound(entry, proof);
  if (!proof.proven)
    context.log.warn(`${entry.name} is unproven: SQLite finds no damage, but it has no manifest`);
  return proof;
}

function manifestOf({ digest }: Proof, entries: readonly CatalogueEntry[]): Manifest | undefined {
  return entries.find(({ manifest }) => manifest !== undefined && manifest.sha256 === digest?.sha256)
    ?.manifest;
}

function unsound({ name }: CatalogueEntry, { problems }: Proof): OpsError {
  const [first, ...others] = problems;
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return new OpsError('damaged', `cannot restore ${name}: ${first ?? 'it is not sound'}${more}`, {
    hint: 'the database in place was not touched; choose another backup: restore list',
  });
}

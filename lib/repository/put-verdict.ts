// Word beside a backup that it was found bad.
import type { CatalogueEntry } from '../backup/catalogue.ts';
import { promiseOf } from '../backup/sealed-manifest.ts';
import { formatVerdict, verdictName } from '../backup/verdict.ts';
import { writeFileAtomically } from '../files/durable.ts';
import { digestFile } from '../files/hash-file.ts';
import type { Finding } from './repository.ts';
import type { RepositoryOptions } from './options.ts';

/** Puts the verdict; the newest counts. Without a manifest the backup is none, and there is nothing to take back. */
export async function putVerdict(
  { store, naming: { app }, scratch: makeScratch }: RepositoryOptions,
  { name: backup, manifest, sealed }: CatalogueEntry,
  found: Finding,
): Promise<void> {
  const promising = sealed ?? manifest;
  if (promising === undefined) return;
  const scratch = await makeScratch();
  try {
    const path = scratch.file('verdict.json');
    await writeFileAtomically(path, formatVerdict({ app, backup, sha256: promiseOf(promising), ...found }), {
      mode: 0o640,
    });
    await store.put(verdictName(backup), await digestFile(path), { consume: true, replace: true });
  } finally {
    await scratch.remove();
  }
}

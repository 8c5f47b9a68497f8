// Word beside a backup that it was found bad.
import type { CatalogueEntry } from '../../backup/catalogue.ts';
import { formatVerdict, verdictName } from '../../backup/verdict.ts';
import { writeFileAtomically } from '../../files/durable.ts';
import { digestFile } from '../../files/hash-file.ts';
import type { Finding } from '../repository.ts';
import type { PlainRepositoryOptions } from './options.ts';

/** Puts the verdict; the newest counts. Without a manifest the backup is none, and there is nothing to take back. */
export async function putVerdict(
  { store, naming: { app }, scratch: makeScratch }: PlainRepositoryOptions,
  { name: backup, manifest }: CatalogueEntry,
  found: Finding,
): Promise<void> {
  if (manifest === undefined) return;
  const scratch = await makeScratch();
  try {
    const path = scratch.file('verdict.json');
    await writeFileAtomically(path, formatVerdict({ app, backup, sha256: manifest.sha256, ...found }), {
      mode: 0o640,
    });
    await store.put(verdictName(backup), await digestFile(path), { consume: true, replace: true });
  } finally {
    await scratch.remove();
  }
}

// A sealed backup where nobody can open it: its bytes in the store are those that were sealed, or they are not.
import type { CatalogueEntry } from '../backup/catalogue.ts';
import { removeQuietly } from '../files/publish-file.ts';
import { requireSpace } from '../files/space.ts';
import type { RepositoryOptions } from './options.ts';
import { type Proof, sealedProof } from './proof.ts';
import { alteredBytes } from './stored-bytes.ts';

/** Reads every object of it, one after another, by way of `target`, where nothing stays. */
export async function proveSealed(
  { store, naming, progress, signal }: RepositoryOptions,
  { name, sealed }: Pick<CatalogueEntry, 'name' | 'sealed'>,
  target: string,
): Promise<Proof> {
  const objects = sealed?.stored.objects ?? [];
  let doneBytes = 0;
  for (const object of objects) {
    await requireSpace({ directory: target, neededBytes: object.sizeBytes, purpose: `fetch ${object.name}` });
    progress.start(`${naming.app}: fetching`, object.sizeBytes);
    try {
      const file = await store.get(object.name, target, {
        signal,
        onProgress: (done) => progress.update(done),
      });
      doneBytes += file.sizeBytes;
      const problem = alteredBytes(file, object);
      const of = object.name === name ? '' : `${object.name}: `;
      if (problem !== undefined) return sealedProof(name, [`${of}${problem}`], doneBytes);
    } finally {
      progress.end();
      await removeQuietly(target);
    }
  }
  return sealedProof(name, [], doneBytes);
}

// The commit point of a backup.
import type { Manifest } from '../backup/manifest.ts';
import { manifestName } from '../backup/name.ts';
import { writeFileAtomically } from '../files/durable.ts';
import { digestFile } from '../files/hash-file.ts';
import type { Scratch } from '../files/scratch.ts';
import type { Store } from '../store/store.ts';

/** Puts the manifest beside its data: from then on the backup is one. */
export async function putManifest(
  store: Store,
  scratch: Scratch,
  { backup }: Pick<Manifest, 'backup'>,
  text: string,
  { replace = false } = {},
): Promise<void> {
  const path = scratch.file('manifest.json');
  await writeFileAtomically(path, text, { mode: 0o640 });
  await store.put(manifestName(backup), await digestFile(path), { consume: true, replace });
}

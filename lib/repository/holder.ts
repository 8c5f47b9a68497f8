// Whether a name is free for a backup.
import { manifestName } from '../backup/name.ts';
import type { Store, StoreName } from '../store/store.ts';

/** A manifest without its data is what is left of a backup that somebody removed: its name is not free either. */
export async function holderOf(store: Store, name: StoreName): Promise<StoreName | undefined> {
  for (const part of [name, manifestName(name)]) if ((await store.stat(part)) !== undefined) return part;
  return undefined;
}

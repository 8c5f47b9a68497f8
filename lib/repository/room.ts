// Room in the store, which is asked for before anything is sent.
import { OpsError } from '../base/errors.ts';
import { formatBytes } from '../base/format.ts';
import type { RepositoryOptions } from './options.ts';

/** OpsError `unavailable`: the store has no room for what is to be sent. What is removed there helps. */
export class StoreIsFull extends OpsError {}

/** A store elsewhere that is full is found out before the upload, and not at its end. Throws StoreIsFull. */
export async function requireRoomThere(
  { store, naming }: Pick<RepositoryOptions, 'store' | 'naming'>,
  neededBytes: number,
): Promise<void> {
  if (!store.isRemote || neededBytes <= 0) return; // the room on this machine is asked for where something is made
  const { freeBytes, totalBytes } = await store.space();
  if (freeBytes === undefined || freeBytes >= neededBytes) return;
  throw new StoreIsFull(
    'unavailable',
    `cannot store the backup of ${naming.app} in ${store.description}: it is full: ${formatBytes(neededBytes)} are ` +
      `needed, ${formatBytes(freeBytes)} of ${totalBytes === undefined ? 'it' : formatBytes(totalBytes)} are free`,
    { hint: 'free some space there; the backups made before are untouched, and db-backup prune still works' },
  );
}

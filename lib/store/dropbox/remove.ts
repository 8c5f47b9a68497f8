// Removing files from Dropbox: only ever the very revision that was looked at.
import type { StoreName } from '../store.ts';
import type { DropboxAccess } from './access.ts';
import type { DropboxClient } from './client.ts';
import { DropboxFailure } from './failure.ts';
import { lookUp, lookUpFile } from './metadata.ts';
import { pathOf } from './paths.ts';

/** Removes the object under `name`, if there is one; see `Store.remove`. */
export async function removeFile({ client, folder }: DropboxAccess, name: StoreName): Promise<void> {
  const path = pathOf(folder, name);
  const found = await lookUpFile(client, path);
  if (found !== undefined) await removeRevision(client, path, found.rev);
}

/**
 * Removes one revision of a file: a folder, or a file that came in between, is not ours to remove, and is a
 * DropboxFailure with `conflict`. Gone already is fine: an earlier try of ours may have been carried out.
 */
export async function removeRevision(client: DropboxClient, path: string, rev: string): Promise<void> {
  const isGone = async () => ((await lookUp(client, path)) === undefined ? true : undefined);
  try {
    await client.call<unknown>((calls) => calls.filesDeleteV2({ path, parent_rev: rev }), { settle: isGone });
  } catch (error) {
    if (!(error instanceof DropboxFailure) || !error.has('not_found')) throw error;
  }
}

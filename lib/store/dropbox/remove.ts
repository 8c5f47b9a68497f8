// Removing files from Dropbox: only ever the very revision that was looked at.
import type { DropboxClient } from './client.ts';
import { DropboxFailure } from './failure.ts';
import { lookUp } from './metadata.ts';

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

// Removing files from Dropbox: only ever the very revision that was looked at.
import { OpsError } from '../../base/errors.ts';
import { quoteName } from '../name.ts';
import { requireExpected } from '../refusals.ts';
import type { RemoveOptions, StoreName } from '../store.ts';
import type { DropboxAccess } from './access.ts';
import { DropboxFailure, strangerFailure } from './failure.ts';
import { lookUp, lookUpFile, waitAgain } from './look.ts';
import { NoObject, pathIn, storedAs } from './metadata.ts';
import { isAt, pathOf } from './paths.ts';
import { readReply } from './replies.ts';

/** Removes the object under `name`, if there is one; see `Store.remove`. */
export async function removeFile(
  access: DropboxAccess,
  name: StoreName,
  { expected }: RemoveOptions,
): Promise<void> {
  const path = pathOf(access.folder, name);
  const found = await lookUp(access, path);
  if (found instanceof NoObject && expected !== undefined)
    throw new OpsError('refused', `cannot remove ${quoteName(name)} from Dropbox: ${found.why}`, {
      hint: 'what is there was not touched; db-backup list-backups shows what it is now',
    });
  if (found === undefined || found instanceof NoObject) return;
  const stored = storedAs(name, found);
  requireExpected(name, stored, { expected, where: 'Dropbox' });
  await removeRevision(access, path, found.rev).catch((cause: unknown) => {
    if (cause instanceof DropboxFailure && cause.has('conflict'))
      requireExpected(name, stored, { expected: stored, where: 'Dropbox', cause });
    throw cause;
  });
}

/**
 * Removes one revision of a file: a folder, or a file that came in between, is not ours to remove, and is a
 * DropboxFailure with `conflict`. Gone already is fine: an earlier try of ours may have been carried out.
 */
export async function removeRevision(access: DropboxAccess, path: string, rev: string): Promise<void> {
  const { client, recent } = access;
  const isThere = async () => (await lookUpFile(access, path))?.rev === rev;
  const deleteOnce = () =>
    client.call(
      (calls) => calls.filesDeleteV2({ path, parent_rev: rev }),
      (reply) => {
        const at = readReply(reply, (fields) => pathIn(fields.object('metadata')));
        if (!isAt(at, path)) throw strangerFailure('the answer is about another path');
        return true;
      },
      { settle: async () => ((await isThere()) ? undefined : true) },
    );
  for (let tries = 0; ; tries += 1) {
    try {
      await deleteOnce();
      break;
    } catch (error) {
      if (!(error instanceof DropboxFailure) || !error.has('not_found')) throw error;
      // It was just looked at: that nothing is there may be as old as the file is young.
      if (!(await isThere()) || !(await waitAgain(access, tries))) break;
    }
  }
  recent.removed(path, rev);
}

// A second name for bytes that Dropbox has already: nothing travels.
import { OpsError } from '../../base/errors.ts';
import { quoteName } from '../name.ts';
import { nameTaken } from '../refusals.ts';
import type { CopyOptions, Stored, StoreName } from '../store.ts';
import { findHolding, holds } from './commit.ts';
import { requireFile } from './download.ts';
import { DropboxFailure } from './failure.ts';
import { lookUp, remoteFile, storedAs } from './metadata.ts';
import { removeRevision } from './remove.ts';
import { pathOf, samePath } from './paths.ts';
import type { DropboxAccess } from './access.ts';
import type { files } from './sdk.ts';

/** Copies inside Dropbox, and proves by its own hash that the copy has the bytes; see `Store.copy`. */
export async function copyFile(
  access: DropboxAccess,
  from: StoreName,
  to: StoreName,
  options: CopyOptions,
): Promise<Stored> {
  options.signal?.throwIfAborted();
  const source = await requireFile(access, from, options.signal);
  if (options.expected !== undefined && !holds(source, options.expected)) {
    throw new OpsError(
      'damaged',
      `cannot copy ${quoteName(from)}: its bytes are not the ones that were stored there`,
      {
        hint: 'somebody else replaced it; run it again',
      },
    );
  }
  const [from_path, to_path] = [pathOf(access.folder, from), pathOf(access.folder, to)];
  const before = await lookUp(access.client, to_path, options.signal);
  if (before !== undefined)
    throw nameTaken(to, {
      where: 'Dropbox',
      why: before === 'folder' ? 'a folder has that name' : 'it exists already',
    });
  const copied = () => findHolding(access, to_path, source, options.signal);
  try {
    const metadata = await access.client.callFor(
      (calls) => calls.filesCopyV2({ from_path, to_path, autorename: false }),
      (result) => remoteFile(result.metadata as files.FileMetadataReference),
      { signal: options.signal, settle: copied },
    );
    if (holds(metadata, source) && samePath(metadata.path, to_path)) return storedAs(to, metadata);
    const found = await copied();
    if (found !== undefined) return storedAs(to, found);
    // The source was replaced meanwhile: the copy of something else must not stay visible.
    await removeRevision(access.client, to_path, metadata.rev);
    throw new OpsError(
      'damaged',
      `cannot create ${quoteName(to)} in Dropbox: the copy is not what was copied`,
      {
        hint: 'run it again; what was stored before is untouched',
      },
    );
  } catch (error) {
    if (!(error instanceof DropboxFailure) || !error.has('conflict')) throw error;
    const found = await copied();
    if (found !== undefined) return storedAs(to, found);
    const why = error.has('file_ancestor')
      ? 'a file has the name of one of its folders'
      : 'it exists already';
    throw nameTaken(to, { where: 'Dropbox', why, cause: error });
  }
}

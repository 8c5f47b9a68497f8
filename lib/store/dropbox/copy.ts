// A second name for bytes that Dropbox has already: nothing travels.
import { OpsError } from '../../base/errors.ts';
import { quoteName } from '../name.ts';
import { nameTaken } from '../refusals.ts';
import type { CopyOptions, Stored, StoreName } from '../store.ts';
import type { DropboxAccess } from './access.ts';
import { findCommittedInTheEnd, holds } from './commit.ts';
import { requireFile } from './download.ts';
import { DropboxFailure } from './failure.ts';
import { lookUp, lookUpFile, waitAgain } from './look.ts';
import { NoObject, type RemoteFile, remoteFile, storedAs } from './metadata.ts';
import { isAt, isNamed, pathOf } from './paths.ts';
import { removeRevision } from './remove.ts';
import { readReply } from './replies.ts';

/** A copy that is not what was copied is made once more before it counts as damage. */
const copiesMax = 2;

/** Copies inside Dropbox, and proves by its own hash that the copy has the bytes; see `Store.copy`. */
export async function copyFile(
  access: DropboxAccess,
  from: StoreName,
  to: StoreName,
  options: CopyOptions,
): Promise<Stored> {
  options.signal?.throwIfAborted();
  const order: CopyOrder = {
    access,
    from_path: pathOf(access.folder, from),
    to_path: pathOf(access.folder, to),
    to,
    signal: access.client.signalFor(options.signal),
  };
  let { expected }: { expected?: Pick<RemoteFile, 'sizeBytes' | 'contentHash'> | undefined } = options;
  for (let copies = 1; ; copies += 1) {
    const source = await requireFile(access, from, options.signal);
    expected ??= source;
    if (!holds(source, expected)) throw replaced(from);
    const before = await lookUp(access, order.to_path, options.signal);
    if (before !== undefined) throw taken(to, before instanceof NoObject ? before.why : 'it exists already');
    const copy = await copyOnce(order, source);
    if (copy !== undefined) {
      access.recent.wrote(order.to_path, copy);
      return storedAs(to, copy);
    }
    if (copies === copiesMax) throw notAsCopied(to);
  }
}

interface CopyOrder {
  access: DropboxAccess;
  from_path: string;
  to_path: string;
  to: StoreName;
  signal: AbortSignal;
}

/** Copies, and returns the copy; undefined where it was something else, which is gone again. */
async function copyOnce(order: CopyOrder, source: RemoteFile): Promise<RemoteFile | undefined> {
  const { access, to, to_path, signal } = order;
  const inTheEnd = () =>
    findCommittedInTheEnd({ access, path: to_path, file: source, before: undefined, signal });
  try {
    const copy = await send(order, source);
    if (holds(copy, source) && isAt(copy.path, to_path) && isNamed(copy.path, to_path)) return copy;
    const found = await lookUpFile(access, to_path, signal);
    if (found !== undefined && holds(found, source)) return found;
    // The source was replaced meanwhile: the copy of something else must not stay visible.
    if (found?.rev === copy.rev) await removeRevision(access, to_path, copy.rev);
    return undefined;
  } catch (error) {
    if (!(error instanceof DropboxFailure) || !error.has('conflict')) throw error;
    const found = await inTheEnd();
    if (found !== undefined) return found;
    throw taken(
      to,
      error.has('file_ancestor') ? 'a file has the name of one of its folders' : 'it exists already',
      error,
    );
  }
}

async function send(order: CopyOrder, source: RemoteFile): Promise<RemoteFile> {
  const { access, from_path, to_path, signal } = order;
  for (let tries = 0; ; tries += 1) {
    try {
      return await access.client.call(
        (calls) => calls.filesCopyV2({ from_path, to_path, autorename: false }),
        (reply) => remoteFile(readReply(reply, (fields) => fields.optional('metadata'))),
        {
          signal,
          settle: async () => {
            const found = await lookUpFile(access, to_path, signal);
            return found !== undefined && holds(found, source) ? found : undefined;
          },
        },
      );
    } catch (error) {
      // It was just looked at: that the source is not there may be as old as the source is young.
      const isLate = error instanceof DropboxFailure && error.has('from_lookup') && error.has('not_found');
      if (!isLate || !(await waitAgain(access, tries, signal))) throw error;
    }
  }
}

function replaced(from: StoreName): OpsError {
  return new OpsError(
    'damaged',
    `cannot copy ${quoteName(from)}: its bytes are not the ones that were stored there`,
    { hint: 'somebody else replaced it; run it again' },
  );
}

function notAsCopied(to: StoreName): OpsError {
  return new OpsError(
    'damaged',
    `cannot create ${quoteName(to)} in Dropbox: the copy is not what was copied, ${copiesMax} times`,
    { hint: 'run it again; what was stored before is untouched' },
  );
}

function taken(to: StoreName, why: string, cause?: unknown): OpsError {
  return nameTaken(to, { where: 'Dropbox', why, cause });
}

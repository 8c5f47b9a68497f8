// What must not stay visible after a commit that went wrong.
import type { CommitOrder } from './commit.ts';
import { DropboxFailure } from './failure.ts';
import type { RemoteFile } from './metadata.ts';
import { fold } from './paths.ts';
import { removeRevision } from './remove.ts';

/**
 * Takes back what a commit made: at its own path, where `found` is what it made, the file before it is restored, or the
 * new one goes; elsewhere, what Dropbox renamed goes. A reply may be about any file: nothing else is touched on its word.
 */
export async function takeBack(
  order: CommitOrder,
  committed: RemoteFile,
  found: RemoteFile | undefined,
): Promise<void> {
  const { access, path, before, signal } = order;
  if (found?.rev === committed.rev && found.rev !== before?.rev) {
    if (before === undefined) return removeRevision(access, path, found.rev);
    await access.client.call(
      (calls) => calls.filesRestore({ path, rev: before.rev }),
      () => undefined,
      { signal },
    );
    access.recent.removed(path, found.rev);
  } else if (isRenamed(committed.path, path)) await removeStray(order, committed);
}

/** Whether a path is what Dropbox makes of another that is taken: `a (1).db`, `a (conflicted copy).db`. */
function isRenamed(told: string, asked: string): boolean {
  const dot = asked.lastIndexOf('.') > asked.lastIndexOf('/') ? asked.lastIndexOf('.') : asked.length;
  const [stem, ending] = [fold(asked.slice(0, dot)), fold(asked.slice(dot))];
  const rest = fold(told);
  if (!rest.startsWith(`${stem} (`) || !rest.endsWith(`)${ending}`)) return false;
  return !rest.slice(stem.length).includes('/');
}

/** Our bytes under a name that nobody asked for: that very revision goes, or stays where it is somebody else's by now. */
async function removeStray({ access }: CommitOrder, { path, rev }: RemoteFile): Promise<void> {
  try {
    await removeRevision(access, path, rev);
  } catch (error) {
    if (!(error instanceof DropboxFailure)) throw error;
    access.log.warn('a file under a name that nobody asked for is left', { path, cause: error.message });
  }
}

// The staging directory of a restore or an undo: there while it is needed, and gone whatever comes of the work.
import type { LocatedFile } from '../../../lib/files/locate-file.ts';
import { makeStaging, removeStaging, type Staging } from '../../../lib/placement/staging.ts';
import type { JobContext } from '../../../lib/run/context.ts';

/** Does `work` with a staging directory beside `target`. One that cannot be removed is a warning: how the work went is the news. */
export async function withStaging<T>(
  { log }: JobContext,
  target: LocatedFile,
  work: (staging: Staging) => Promise<T>,
): Promise<T> {
  const staging = await makeStaging(target);
  try {
    return await work(staging);
  } finally {
    await removeStaging(target, staging).catch(() => {
      log.warn('a staging directory could not be removed; the next restore will', {
        path: staging.directory.path,
      });
    });
  }
}

// Putting a proven database where nothing is (`--to`).
import { OpsError } from '../base/errors.ts';
import { publishFile } from '../files/publish-file.ts';
import { inKnownPaths } from '../files/held-directory.ts';
import { inspectSet, memberAt, memberPath, type SetPlace } from './database-set.ts';
import { requireNoSideFiles } from './exchange.ts';
import { requireReady, requireSettled } from './readiness.ts';

/** Throws OpsError `refused` when anything is at `target` or belongs to it: worth asking before the bytes are fetched. */
export async function requireFree(target: SetPlace): Promise<void> {
  await requireSettled(target);
  if ((await inspectSet(target)).has('')) {
    throw new OpsError('refused', `cannot place a database at ${memberPath(target)}: it exists already`, {
      hint: 'name a file that does not exist; without --to the live database is replaced, and kept as an undo set',
    });
  }
  await requireNoSideFiles(target);
}

/**
 * Publishes a proven database at a path where nothing is: neither a file, nor a side file, nor a placement under way.
 * Never overwrites (OpsError `refused`), also when somebody else is publishing the same path.
 */
export async function placeNew(staged: SetPlace, target: SetPlace): Promise<void> {
  await inKnownPaths(async () => {
    await requireSettled(target);
    await requireReady(staged, target);
    await requireNoSideFiles(target);
    await publishFile(memberAt(staged), memberAt(target), { replace: false });
  });
}

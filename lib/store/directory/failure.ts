// What a failed operation on a directory store means: above all, whether it is the whole store that is gone.
import { OpsError, errorCode, systemError } from '../../base/errors.ts';
import { fullDiskDetails } from '../../files/space.ts';
import { requireStoreMarker } from './marker.ts';

// What a mounted share or disk answers that has gone away.
const goneAway = new Set(
  'ESTALE ENODEV ENXIO ENOTCONN ECONNABORTED EHOSTDOWN EHOSTUNREACH ENETUNREACH ETIMEDOUT'.split(' '),
);

/** The error to throw for one met while doing `act` on the store at `root`. Bugs and aborts pass unchanged. */
export async function explainFailure(root: string, act: string, error: unknown): Promise<unknown> {
  const code = systemCode(error);
  if (code === undefined) return error;
  if (goneAway.has(code)) {
    return new OpsError('unavailable', `cannot ${act}: the file system does not answer (${code})`, {
      hint: 'is the disk or share still connected? findmnt lists what is mounted',
      cause: error,
    });
  }
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    const vanished: unknown = await requireStoreMarker(root).catch((problem: unknown) => problem);
    if (vanished !== undefined) return vanished;
  }
  return systemError(act, error, fullDiskDetails(error, root));
}

/** The system error code of an error, or of the one that it was made from at first. */
export function systemCode(error: unknown): string | undefined {
  return errorCode(error) ?? (error instanceof OpsError ? systemCode(error.cause) : undefined);
}

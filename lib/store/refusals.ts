// What every store refuses, in the same words.
import { OpsError } from '../base/errors.ts';
import { quoteName } from './name.ts';
import type { Stored, StoreName } from './store.ts';

/** More than any object that is read straight into memory. */
export const readBytesMax = 1024 * 1024;

/** The refusal of `put` and `copy` to take a name that is not free. `where` is the store, `why` what has the name. */
export function nameTaken(
  name: StoreName,
  details: { where?: string; why: string; cause?: unknown },
): OpsError {
  const { where = 'the store', why, cause } = details;
  return new OpsError('refused', `cannot create ${quoteName(name)} in ${where}: ${why}`, {
    hint: 'what is there was not touched',
    cause,
  });
}

/** There is no object under this name. */
export function nameMissing(name: StoreName, details: { where?: string; why?: string } = {}): OpsError {
  const { where = 'the store', why = 'there is no such name' } = details;
  return new OpsError('missing', `cannot find ${quoteName(name)} in ${where}: ${why}`, {
    hint: 'db-backup list-backups shows the names there are',
  });
}

/** Throws OpsError `damaged` for an object that is too large for `Store.read`: it is not what it should be. */
export function requireReadable(name: StoreName, sizeBytes: number): void {
  if (sizeBytes <= readBytesMax) return;
  throw new OpsError(
    'damaged',
    `cannot read ${quoteName(name)}: it has ${sizeBytes} bytes, at most ${readBytesMax} are expected`,
  );
}

/** Throws OpsError `refused` where what is seen under a name is not what was expected there; nothing is fine. */
export function requireExpected(
  name: StoreName,
  seen: Stored | undefined,
  { expected, where = 'the store', cause }: { expected: Stored | undefined; where?: string; cause?: unknown },
): void {
  if (expected === undefined || seen === undefined) return;
  if (cause === undefined && isSameObject(seen, expected)) return;
  throw new OpsError(
    'refused',
    `cannot remove ${quoteName(name)} from ${where}: it is not what was looked at before; somebody replaced it`,
    { hint: 'what is there was not touched; db-backup list-backups shows what it is now', cause },
  );
}

/** Whether it is the very same object: by its revision where the store has one, else as far as can be seen. */
function isSameObject(one: Stored, other: Stored): boolean {
  if (one.revision !== undefined && other.revision !== undefined) return one.revision === other.revision;
  const hashes = [one.contentHash, other.contentHash].filter((hash) => hash !== undefined);
  return (
    one.sizeBytes === other.sizeBytes &&
    one.modifiedAt.getTime() === other.modifiedAt.getTime() &&
    new Set(hashes).size <= 1
  );
}

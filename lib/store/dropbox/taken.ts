// The refusal to take a name that is not free.
import { OpsError } from '../../base/errors.ts';
import { quoteName } from '../name.ts';
import type { StoreName } from '../store.ts';

/** `why` says what has the name. */
export function nameTaken(name: StoreName, why: string, cause?: unknown): OpsError {
  return new OpsError('refused', `cannot create ${quoteName(name)} in Dropbox: ${why}`, {
    hint: 'what is there was not touched',
    cause,
  });
}

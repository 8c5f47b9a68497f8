// Replies read field by field: one that is JSON and not of the expected shape is no answer, whatever it was to.
import { OpsError } from '../../base/errors.ts';
import { Fields } from '../../record/fields.ts';
import { strangerFailure } from './failure.ts';

/** What `read` finds in a reply. Throws DropboxFailure `stranger` where the reply is no object, or lacks what is read. */
export function readReply<T>(reply: unknown, read: (fields: Fields) => T): T {
  try {
    return read(new Fields(reply, '', (cause) => new OpsError('damaged', cause)));
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    throw strangerFailure(`a reply of another shape: ${error.message}`);
  }
}

/** The reply of a call that has nothing to say: JSON's null, and nothing else. */
export function readNothing(reply: unknown): void {
  if (reply !== null) throw strangerFailure('a reply where there is none');
}

/** The tag of a union; '' where there is none. */
export function tagOf(union: unknown): string {
  const tag: unknown = typeof union === 'object' && union !== null ? Reflect.get(union, '.tag') : undefined;
  return typeof tag === 'string' ? tag : '';
}

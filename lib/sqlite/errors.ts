// SQLite's result codes as reasons an operator can act on.
import { errorCode, errorMessage, OpsError, systemError } from '../base/errors.ts';
import type { ErrorKind } from '../base/exit-code.ts';

/** The first prefix that fits decides, so a special case stands before its family. */
const kinds: [prefix: string, kind: ErrorKind, words: string][] = [
  ['SQLITE_NOTADB', 'damaged', 'it is encrypted or not a SQLite database'],
  ['SQLITE_CORRUPT', 'damaged', 'it is damaged'],
  ['SQLITE_FORMAT', 'damaged', 'it is damaged'],
  ['SQLITE_IOERR_DATA', 'damaged', 'a checksum in it is wrong'],
  ['SQLITE_ERROR', 'damaged', 'SQLite cannot make sense of it'],
  ['SQLITE_BUSY', 'unavailable', 'another program keeps it locked'],
  ['SQLITE_LOCKED', 'unavailable', 'another program keeps it locked'],
  ['SQLITE_PROTOCOL', 'unavailable', 'other programs lock and unlock it without a pause'],
  ['SQLITE_SCHEMA', 'unavailable', 'another program changes its schema without a pause'],
  ['SQLITE_PERM', 'denied', 'permission denied'],
  ['SQLITE_AUTH', 'denied', 'permission denied'],
  ['SQLITE_READONLY_ROLLBACK', 'denied', 'it can only be read after a recovery that this process may not do'],
  ['SQLITE_READONLY_RECOVERY', 'denied', 'it can only be read after a recovery that this process may not do'],
  ['SQLITE_READONLY_CANT', 'denied', 'it can only be read after a recovery that this process may not do'],
  ['SQLITE_READONLY', 'denied', 'it may not be written'],
  ['SQLITE_FULL', 'io', 'no space left on the device'],
  ['SQLITE_IOERR', 'io', 'input or output failed'],
  ['SQLITE_NOMEM', 'io', 'out of memory'],
  ['SQLITE_TOOBIG', 'damaged', 'it makes a value that is larger than SQLite takes'],
  ['SQLITE_CANTOPEN', 'denied', 'SQLite cannot open it or its side files'],
];

/**
 * Wraps an error thrown by SQLite as "cannot <act>: <cause>"; other errors as `systemError` does. A code that only a
 * mistake of ours brings about (`SQLITE_MISUSE` …) comes back as it is, because it is a bug.
 */
export function sqliteError(act: string, error: unknown, details: { hint?: string } = {}): unknown {
  if (error instanceof OpsError) return error;
  const code = errorCode(error) ?? '';
  const known = kinds.find(([prefix]) => code.startsWith(prefix));
  if (known === undefined) return systemError(act, error, details);
  const [, kind, words] = known;
  return new OpsError(kind, `cannot ${act}: ${words} (${errorMessage(error)}, ${code})`, {
    ...details,
    cause: error,
  });
}

/**
 * Whether SQLite failed for want of something that only the app brings along: a collation, a function, the module of a
 * virtual table, a tokenizer. The file is none the worse for that.
 */
export function needsTheApp(error: unknown): boolean {
  // SQLITE_ERROR itself and SQLITE_ERROR_MISSING_COLLSEQ. Damage has codes of its own.
  return errorCode(error)?.startsWith('SQLITE_ERROR') ?? false;
}

/** SQLite's words for a schema of a newer version. An entry that leads to no page is damage; one that calls what it may not, an attempt. */
const schemaTroubles =
  /^(?:malformed database schema \(.*\) - (?!invalid rootpage|orphan index|unsafe use of |non-deterministic )|unsupported file format$)/s;

/**
 * What SQLite has to say of a schema that it cannot make sense of: a newer one wrote it, or its text is damaged, and the pages
 * may be whole. Undefined where `error` is about something else.
 */
export function schemaTrouble(error: unknown): string | undefined {
  const message = errorMessage(error);
  return errorCode(error)?.startsWith('SQLITE_') === true && schemaTroubles.test(message)
    ? message
    : undefined;
}

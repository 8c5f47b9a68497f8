// The three outcomes of a job: news is data in its result, a reason it cannot go on is an OpsError,
// and anything else is a bug.
import type { ErrorKind } from './exit-code.ts';
import { clip, printable } from './printable.ts';

/** Longer than any sentence of ours, and than what anybody reads: the rest is a name that an outsider chose. */
const lineCharactersMax = 4000;

/**
 * A reason why a job cannot go on, written for the person who has to act on it.
 *
 * `message` is "cannot <do> <named thing>: <cause>", lower case, no full stop. `hint` is the one command or
 * key that helps. Vendor errors are wrapped once, where they enter, and kept as `cause`. Both may hold names from
 * outside: what is unprintable in them is escaped here, so that a line end in `message` is always one of ours.
 */
export class OpsError extends Error {
  readonly kind: ErrorKind;
  readonly hint: string | undefined;

  constructor(kind: ErrorKind, message: string, details: OpsErrorDetails = {}) {
    const { hint, cause, lines = [] } = details;
    super([message, ...lines].map(shownLine).join('\n'), cause === undefined ? undefined : { cause });
    this.name = 'OpsError';
    this.kind = kind;
    this.hint = hint === undefined ? undefined : shownLine(hint);
  }
}

interface OpsErrorDetails {
  hint?: string;
  cause?: unknown;
  /** What stands below the message, where it is a list. */
  lines?: readonly string[];
}

function shownLine(text: string): string {
  return clip(printable(text), lineCharactersMax);
}

/** The system error code (`ENOENT`, `SQLITE_BUSY` …) of a thrown value, or undefined. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The first line of a thrown value's message, printable: what may be shown inside another sentence. */
export function errorMessage(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return shownLine(text.split('\n', 1)[0] ?? text);
}

const systemErrors: Record<string, { kind: ErrorKind; words: string }> = {
  ENOENT: { kind: 'missing', words: 'it is not there' },
  ENOTDIR: { kind: 'missing', words: 'a part of its path is not a directory' },
  ELOOP: { kind: 'missing', words: 'its symbolic links form a loop' },
  EISDIR: { kind: 'missing', words: 'it is a directory' },
  EACCES: { kind: 'denied', words: 'permission denied' },
  EPERM: { kind: 'denied', words: 'operation not permitted' },
  EROFS: { kind: 'denied', words: 'the file system is mounted read-only' },
  EEXIST: { kind: 'refused', words: 'it exists already' },
  ENAMETOOLONG: { kind: 'usage', words: 'the name is too long' },
  ENOSPC: { kind: 'io', words: 'no space left on the device' },
  EDQUOT: { kind: 'io', words: 'the disk quota is used up' },
  EFBIG: { kind: 'io', words: 'the file would exceed a size limit' },
  EMFILE: { kind: 'io', words: 'too many open files' },
  EIO: { kind: 'io', words: 'the device reported an input/output error' },
};

/**
 * Wraps a failed system call as an OpsError: "cannot <act>: <cause in words>". An OpsError passes unchanged,
 * and a value that is not a system error comes back as it is, because it is a bug.
 */
export function systemError(act: string, error: unknown, details: { hint?: string } = {}): unknown {
  if (error instanceof OpsError) return error;
  const code = errorCode(error);
  if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) return error;
  const known = systemErrors[code];
  return new OpsError(known?.kind ?? 'io', `cannot ${act}: ${known?.words ?? errorMessage(error)}`, {
    ...details,
    cause: error,
  });
}

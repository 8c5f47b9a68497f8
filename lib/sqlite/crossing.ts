// How an error crosses from a thread or a process of ours to the one that asked: as data, because a class does not
// survive the crossing.
import { OpsError } from '../base/errors.ts';
import type { ErrorKind } from '../base/exit-code.ts';

/** A reason with its kind and hint, or a bug with its stack. */
export type CrossingError =
  { kind: ErrorKind; message: string; hint: string | undefined } | { stack: string };

export function packError(error: unknown): CrossingError {
  if (error instanceof OpsError) return { kind: error.kind, message: error.message, hint: error.hint };
  return { stack: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

/** The error again. A bug keeps the stack of where it happened. */
export function unpackError(packed: CrossingError): Error {
  if ('stack' in packed)
    return Object.assign(new Error(packed.stack.split('\n', 1)[0]), { stack: packed.stack });
  const { kind, message, hint } = packed;
  return new OpsError(kind, message, hint === undefined ? {} : { hint });
}

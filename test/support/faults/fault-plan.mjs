// When it is time for a fault, and which: counts the calls of one thread that change something.
import os from 'node:os';
import { getSystemErrorMap } from 'node:util';

const signals = {
  'kill-before': 'SIGKILL',
  'kill-after': 'SIGKILL',
  'int-before': 'SIGINT',
  'term-before': 'SIGTERM',
};

/**
 * A fault of that kind at the call with the number `at`, from 1; none at 0. `note` is told of each call before it is
 * made. `send` sends the signal of a kind that is one, and may return what the call has to wait for.
 */
export function createPlan({ at, kind, note, send }) {
  let operations = 0;
  return {
    /** Counts the operation that is about to be made; returns the error it has to fail with or what it waits for, if any. */
    before(operation) {
      operations += 1;
      operation.number = operations;
      note(operation);
      if (operations !== at || kind === 'kill-after') return undefined;
      const signal = signals[kind];
      return signal === undefined ? failure(kind.toUpperCase(), operation) : send(signal);
    },
    /** Called when the operation has been made, before the program learns of it. */
    after(operation) {
      return operation.number === at && kind === 'kill-after' ? send(signals[kind]) : undefined;
    },
  };
}

/** An error as node:fs throws it. */
function failure(code, { systemCall, path }) {
  const errno = -os.constants.errno[code];
  const words = getSystemErrorMap().get(errno)?.[1] ?? 'unknown error';
  const error = new Error(`${code}: ${words}, ${systemCall} '${path}'`);
  return Object.assign(error, { errno, code, syscall: systemCall, path });
}

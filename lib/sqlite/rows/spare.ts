// The process that reads rows, started before its database is known: it gets ready while configuration, history and lock are.
import { type SpareProcess, startSpare } from '../started-process.ts';

export const rowsProcess = new URL('./rows-process.ts', import.meta.url);

/** Undefined where that is not possible now: who needs it starts one, or says what is wrong. */
export function startSpareRows(): SpareProcess | undefined {
  try {
    return startSpare(rowsProcess, { withPipe: true });
  } catch {
    return undefined;
  }
}

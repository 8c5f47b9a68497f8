// Everything that is in the way, told at once: an operator corrects it in one go.
import { OpsError } from '../../lib/base/errors.ts';

export interface Problem {
  what: string;
  hint: string | undefined;
}

export class Problems {
  private readonly found: Problem[] = [];

  add(what: string, hint?: string): void {
    this.found.push({ what, hint });
  }

  /** Does `work`; an OpsError of it is noted, and undefined returned. */
  attempt<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof OpsError)) throw error;
      this.add(error.message, error.hint);
      return undefined;
    }
  }

  /** Throws OpsError `config` with all of them when there are any. */
  requireNone(app: string): void {
    if (this.found.length === 0) return;
    const lines = this.found.flatMap(({ what, hint }) => [
      ...what.split('\n').map((line) => `  ${line}`), // a message may have lines of its own
      ...(hint === undefined ? [] : [`    try: ${hint}`]),
    ]);
    throw new OpsError('config', `cannot install the units of ${app}:`, {
      lines,
      hint: 'nothing was changed; correct these and run it again',
    });
  }
}

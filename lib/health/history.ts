// Whether what Holdfast remembers is whole: a damaged ops.db is set aside, and a person has to know.
import { formatBytes } from '../base/format.ts';
import { shellWord } from '../base/shell-word.ts';
import type { Check } from './check.ts';
import { byLimits } from './limits.ts';

export interface HistoryFacts {
  path: string;
  /** Undefined where there is none yet. */
  sizeBytes: number | undefined;
  /** Files that were set aside because they were damaged. */
  damaged: readonly string[];
}

export const historyCheck: Check<HistoryFacts> = {
  name: 'history',
  question: 'Is what was done here remembered, and is that whole?',
  unit: 'B',
  limits: { warning: 1e9 },
  worse: 'above',
  failures: 1,
  causedBy: ['disk-space', 'read-only'],
  judge({ path, sizeBytes, damaged }, { limits }) {
    const [first, ...others] = damaged;
    if (first !== undefined) {
      const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
      return {
        verdict: 'warning',
        value: sizeBytes,
        message: `the history was damaged and began anew: what it knew before is in ${first}${more}`,
        hint: `what can be read of it: sqlite3 ${shellWord(first)} .dump; when it is not needed any more: rm ${shellWord(first)}`,
        paths: [path],
      };
    }
    if (sizeBytes === undefined)
      return { verdict: 'ok', message: 'nothing was done here yet', paths: [path] };
    return {
      verdict: byLimits(sizeBytes, limits, 'above'),
      value: sizeBytes,
      message: `${formatBytes(sizeBytes)} are remembered`,
      hint: 'history.keep_days in the configuration says for how long',
      paths: [path],
    };
  },
};

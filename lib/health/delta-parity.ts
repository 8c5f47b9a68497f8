// Whether the receiver has what an app has, as both were compared last.
import { formatCount, formatDuration } from '../base/format.ts';
import { shellWord } from '../base/shell-word.ts';
import type { ParityNote } from './parity-note.ts';
import type { Check } from './check.ts';
import { byLimits } from './limits.ts';

export interface DeltaParityFacts {
  /** Undefined where both were never compared. */
  last: ParityNote | undefined;
}

const daySeconds = 86_400;
const namedMax = 3;

export const deltaParityCheck: Check<DeltaParityFacts> = {
  name: 'delta-parity',
  question: 'Does the receiver of each app have the same rows?',
  unit: 's',
  limits: { warning: 32 * daySeconds },
  worse: 'above',
  failures: 1,
  needsClock: true,
  judge({ last }, { subject, limits, now }) {
    const compare = `delta-push parity --app ${shellWord(subject)}`;
    // Who compares by a timer of theirs is told when that stops; nobody has to begin.
    if (last === undefined) return { verdict: 'ok', message: 'both were never compared', hint: compare };
    const age = Math.max(0, Math.round((now.getTime() - last.at.getTime()) / 1000));
    const when = `${formatDuration(age * 1000)} ago${last.isDeep ? ', all of it' : ''}`;
    const measures = { differing: last.differing, not_comparable: last.notComparable, rows: last.rows };
    if (last.differing > 0) {
      const named = last.named.slice(0, namedMax).join(', ');
      const more = last.differing > namedMax ? ` and ${last.differing - namedMax} more` : '';
      return {
        verdict: 'critical',
        value: age,
        message: `${formatCount(last.differing, 'day or table', 'days or tables')} differed ${when}: ${named}${more}`,
        hint: `delta-push run --app ${shellWord(subject)}, then once more: ${compare}`,
        measures,
      };
    }
    const unclear =
      last.notComparable === 0
        ? ''
        : `; ${formatCount(last.notComparable, 'day or table', 'days or tables')} could not be compared`;
    return {
      verdict: byLimits(age, limits, 'above'),
      value: age,
      message: `equal when compared ${when}${unclear}`,
      hint: compare,
      measures,
    };
  },
};

// Whether changes that arrived wait for a person: nothing of them is lost, and nothing of them is in the replica's rows.
import { formatCount } from '../base/format.ts';
import { shellWord } from '../base/shell-word.ts';
import type { Check } from './check.ts';
import { byLimits } from './limits.ts';

export interface DeltaHeldFacts {
  /** By reason. */
  held: Readonly<Record<string, number>>;
  /** The days that the most of them are about. */
  days: readonly string[];
  /** Those who sent them. */
  sources: readonly string[];
}

const daysShown = 3;

export const deltaHeldCheck: Check<DeltaHeldFacts> = {
  name: 'delta-held',
  question:
    'Is everything that sources sent in the rows of each replica, and does none of it wait for a person?',
  unit: 'count',
  limits: { warning: 1 },
  worse: 'above',
  judge({ held, days, sources }, { subject, limits }) {
    const reasons = Object.entries(held).filter(([, count]) => count > 0);
    const all = reasons.reduce((sum, [, count]) => sum + count, 0);
    const frozen = held['frozen-day'] ?? 0;
    const measures = { frozen_day_changes: frozen, quarantined_changes: all - frozen };
    const verdict = byLimits(all, limits, 'above');
    if (all === 0) return { verdict, value: 0, message: 'nothing is held', measures };
    const words = reasons.map(([reason, count]) => `${count} ${reasonWords[reason] ?? reason}`);
    const [first] = days;
    const more = days.length > daysShown ? ` and ${days.length - daysShown} more` : '';
    const of = days.length === 0 ? '' : `, of ${days.slice(0, daysShown).join(', ')}${more}`;
    const replica = shellWord(subject);
    return {
      verdict,
      value: all,
      message: `${formatCount(all, 'change')} from ${sources.join(', ')} ${all === 1 ? 'is' : 'are'} held (${words.join('; ')})${of}`,
      hint:
        all === frozen && first !== undefined
          ? `delta-receive held list --for frozen-day --replica ${replica}; to take them in: delta-receive reopen ${first} --replica ${replica}`
          : `delta-receive held list --replica ${replica}`,
      measures,
    };
  },
};

const reasonWords: Readonly<Record<string, string>> = {
  'frozen-day': 'for a frozen day',
  'no-day': 'whose day cannot be told',
  'mass-deletion': 'of more deletions than are believed',
  clock: 'from a clock that is ahead',
  unfit: 'that the replica cannot hold',
};

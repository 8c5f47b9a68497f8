// Whether each source of a replica was heard of lately: who is silent says nothing of what it has.
import { formatDuration } from '../base/format.ts';
import type { Check } from './check.ts';
import { byLimits } from './limits.ts';

export interface DeltaSourceFacts {
  replica: string;
  /** With a batch, or with nothing to send; undefined where it never was. */
  heardAt: Date | undefined;
  lastBatchAt: Date | undefined;
  isResyncing: boolean;
}

const daySeconds = 86_400;

export const deltaSourceCheck: Check<DeltaSourceFacts> = {
  name: 'delta-source',
  question: 'Was each source of row changes heard of lately?',
  unit: 's',
  limits: { warning: 2 * daySeconds, critical: 7 * daySeconds },
  worse: 'above',
  needsClock: true,
  causedBy: ['delta-replica', 'units'],
  judge({ replica, heardAt, lastBatchAt, isResyncing }, { limits, now }) {
    const ago = (at: Date) => formatDuration(Math.max(0, now.getTime() - at.getTime()));
    const hint = `delta-receive status --replica ${replica}`;
    if (heardAt === undefined)
      return { verdict: 'warning', message: `it has never sent anything to ${replica}`, hint };
    const silent = Math.max(0, Math.round((now.getTime() - heardAt.getTime()) / 1000));
    const batch =
      lastBatchAt === undefined ? 'no batch ever came' : `its last batch came ${ago(lastBatchAt)} ago`;
    return {
      verdict: byLimits(silent, limits, 'above'),
      value: silent,
      message: `heard of ${ago(heardAt)} ago; ${batch}${isResyncing ? ', and it sends all its rows anew' : ''}`,
      hint,
    };
  },
};

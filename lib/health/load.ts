// Whether the machine can keep up with what it is asked: how many processes want to run, or wait for a disk, for each
// processor.
import type { Check } from './check.ts';
import { byLimits } from './limits.ts';

export interface LoadFacts {
  /** Averages of 5 and 15 minutes, of the whole machine. */
  five: number;
  fifteen: number;
  processors: number;
  /** Processes that wait for a disk, or a mount that does not answer, right now. */
  blocked: number;
}

export const loadCheck: Check<LoadFacts> = {
  name: 'load',
  question: 'Does the machine keep up with its work?',
  unit: 'count',
  limits: { warning: 2, critical: 5 },
  worse: 'above',
  // A backup of a large database takes minutes, and is meant to.
  failures: 3,
  judge({ five, fifteen, processors, blocked }, { limits }) {
    // What was so for a quarter of an hour, and still is.
    const perProcessor = Math.min(five, fifteen) / processors;
    const waiting =
      blocked === 0 ? '' : `; ${blocked} ${blocked === 1 ? 'process waits' : 'processes wait'} for a disk`;
    return {
      verdict: byLimits(perProcessor, limits, 'above'),
      value: Math.round(perProcessor * 100) / 100,
      message: `a load of ${five.toFixed(2)} over 5 minutes and ${fifteen.toFixed(2)} over 15, on ${processors} ${processors === 1 ? 'processor' : 'processors'}${waiting}`,
      hint: 'who is at work: ps -eo pcpu,stat,comm --sort=-pcpu | head; who waits for a disk: ps -eo stat,comm | grep ^D',
      measures: { load_5min: five, load_15min: fifteen, blocked_count: blocked },
    };
  },
};

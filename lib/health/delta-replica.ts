// Whether rows can arrive: the receiver runs, and can use the database of each replica.
import { formatDuration } from '../base/format.ts';
import type { Check } from './check.ts';
import { byLimits } from './limits.ts';

export interface DeltaReplicaFacts {
  /** When the receiver looked at it last; undefined where it never did. */
  lookedAt: Date | undefined;
  away: { since: Date; problem: string } | undefined;
}

/** So long the receiver may say nothing of its replicas, of which it speaks each minute. */
const silentMaxMs = 15 * 60_000;

export const deltaReplicaCheck: Check<DeltaReplicaFacts> = {
  name: 'delta-replica',
  question: 'Can the rows of sources arrive in each replica?',
  unit: 's',
  limits: { warning: 0, critical: 3600 },
  worse: 'above',
  needsClock: true,
  causedBy: ['disk-space', 'read-only', 'mounts', 'units'],
  judge({ lookedAt, away }, { limits, now }) {
    const service = 'systemctl status delta-receive';
    if (lookedAt === undefined)
      return { verdict: 'warning', message: 'no receiver has looked at it yet', hint: service };
    const lookedMs = Math.max(0, now.getTime() - lookedAt.getTime());
    if (lookedMs >= silentMaxMs)
      return {
        verdict: 'warning',
        message: `delta-receive has said nothing of it for ${formatDuration(lookedMs)}: nothing arrives while it does not run`,
        hint: service,
      };
    if (away === undefined) return { verdict: 'ok', value: 0, message: 'it can be used' };
    const awayMs = Math.max(0, now.getTime() - away.since.getTime());
    const seconds = Math.round(awayMs / 1000);
    return {
      verdict: byLimits(seconds, limits, 'above'),
      value: seconds,
      message: `it cannot be used since ${formatDuration(awayMs)}: ${away.problem}`,
      hint: `${service}; its sources keep what they have, and send it when it is back`,
    };
  },
};

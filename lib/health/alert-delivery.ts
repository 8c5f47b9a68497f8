// Whether what is to be told is told: the spool, the channels, and what was refused for good.
import { formatCount, formatDuration } from '../base/format.ts';
import type { Check } from './check.ts';
import { byLimits } from './limits.ts';

export interface DeliveryFacts {
  /** Records that nobody has taken in yet. */
  waiting: number;
  /** Since when the oldest of them waits. */
  oldestAt: Date | undefined;
  /** Messages that were refused for good. */
  dead: number;
  /** Channels that fail now, with what they said last. */
  failing: readonly { channel: string; since: Date | undefined; problem: string | undefined }[];
}

export const alertDeliveryCheck: Check<DeliveryFacts> = {
  name: 'alert-delivery',
  question: 'Does what is to be told arrive?',
  unit: 's',
  limits: { warning: 3 * 3600, critical: 24 * 3600 },
  worse: 'above',
  judge({ waiting, oldestAt, dead, failing }, { limits, now }) {
    const waitsMs = oldestAt === undefined ? 0 : Math.max(0, now.getTime() - oldestAt.getTime());
    const failsMs = Math.max(
      0,
      ...failing.map(({ since }) => (since === undefined ? 0 : now.getTime() - since.getTime())),
    );
    const value = Math.round(Math.max(waitsMs, failsMs) / 1000);
    const byAge = byLimits(value, limits, 'above');
    const [first] = failing;
    const parts = [
      ...(waiting === 0
        ? []
        : [
            `${formatCount(waiting, 'record')} of the spool ${waiting === 1 ? 'waits' : 'wait'}, the oldest for ${formatDuration(waitsMs)}`,
          ]),
      ...(first === undefined
        ? []
        : [
            `${first.channel} fails${failsMs === 0 ? '' : ` for ${formatDuration(failsMs)}`}: ${first.problem ?? 'no answer'}`,
          ]),
      ...(dead === 0
        ? []
        : [`${formatCount(dead, 'message')} ${dead === 1 ? 'was' : 'were'} refused for good`]),
    ];
    return {
      verdict: byAge === 'ok' && dead > 0 ? 'warning' : byAge,
      value,
      message: parts.length === 0 ? 'nothing waits, every channel works' : parts.join('; '),
      hint: 'alert-send list',
      measures: { waiting_records: waiting, dead_letters: dead },
    };
  },
};

// Whether there is memory left, and whether the kernel had to kill for it.
import { formatBytes, formatCount } from '../base/format.ts';
import { worst } from '../base/verdict.ts';
import type { Check } from './check.ts';
import { byLimits } from './limits.ts';

export interface MemoryFacts {
  totalBytes: number;
  /** What programs can still have, without anything being swapped out. */
  availableBytes: number;
  swapTotalBytes: number;
  swapFreeBytes: number;
  /** How much of the last five minutes somebody waited for memory, in %; undefined where the kernel does not count that. */
  waitedPercent: number | undefined;
  /** Programs that the kernel has killed for want of memory within the last hour, as far as we have looked. */
  killed: number;
}

/** From there on programs do little but wait for pages. */
const waitedPercentMax = 25;

export const memoryCheck: Check<MemoryFacts> = {
  name: 'memory',
  question: 'Is there memory left?',
  unit: '%',
  limits: { warning: 90, critical: 97 },
  worse: 'above',
  judge(facts, { limits }) {
    const { totalBytes, availableBytes, swapTotalBytes, swapFreeBytes, waitedPercent, killed } = facts;
    const used = (100 * (totalBytes - availableBytes)) / totalBytes;
    const swapUsed = swapTotalBytes - swapFreeBytes;
    const isWaiting = waitedPercent !== undefined && waitedPercent >= waitedPercentMax;
    const parts = [
      `${Math.round(used)} % used, ${formatBytes(availableBytes)} available`,
      ...(swapUsed > 0 ? [`${formatBytes(swapUsed)} swapped out`] : []),
      ...(isWaiting
        ? [`programs waited for memory ${Math.round(waitedPercent)} % of the last five minutes`]
        : []),
      ...(killed > 0
        ? [
            `the kernel killed ${formatCount(killed, 'program')} within the hour, for want of it or at a limit of their own`,
          ]
        : []),
    ];
    return {
      verdict: worst([byLimits(used, limits, 'above'), isWaiting || killed > 0 ? 'warning' : 'ok']),
      value: Math.round(used * 10) / 10,
      message: parts.join('; '),
      hint:
        killed > 0
          ? 'which ones: journalctl -k -g "Killed process|oom-kill"; who has the most: ps -eo rss,comm --sort=-rss | head'
          : 'who has the most: ps -eo rss,comm --sort=-rss | head',
      measures: {
        available_bytes: availableBytes,
        total_bytes: totalBytes,
        swap_used_bytes: swapUsed,
        ...(waitedPercent === undefined ? {} : { waited_percent: waitedPercent }),
      },
    };
  },
};

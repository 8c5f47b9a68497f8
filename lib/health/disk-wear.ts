// How fast a memory card is written to death, for it does not say so itself.
import { formatBytes, formatDuration } from '../base/format.ts';
import { worst } from '../base/verdict.ts';
import type { Check } from './check.ts';
import { byLimits } from './limits.ts';

export interface WearFacts {
  /** What was written within `overMs`, at most a day. */
  writtenBytes: number;
  overMs: number;
  /** Since the machine started. */
  sinceStartBytes: number;
  /** What an eMMC says of itself: how much of its life is used at most, in %, and how many of its spare blocks are (1 few, 2 many, 3 nearly all). */
  life: { usedPercent: number | undefined; spares: number | undefined } | undefined;
}

/** Less says nothing of a day. */
const overMsMin = 2 * 3_600_000;
const dayMs = 86_400_000;

export const diskWearCheck: Check<WearFacts> = {
  name: 'disk-wear',
  question: 'Is a memory card written to death?',
  unit: 'B/d',
  limits: { warning: 30e9, critical: 150e9 },
  worse: 'above',
  needsClock: true,
  judge({ writtenBytes, overMs, sinceStartBytes, life }, { limits }) {
    const isKnown = overMs >= overMsMin;
    const perDay = isKnown ? (writtenBytes * dayMs) / overMs : undefined;
    const rate =
      perDay === undefined
        ? `${formatBytes(writtenBytes)} written in ${formatDuration(overMs)}: too short to say how much it is in a day`
        : `${formatBytes(perDay)} written a day, by the last ${formatDuration(overMs)}`;
    const { verdict, words } = judgeLife(life);
    return {
      verdict: worst([perDay === undefined ? 'ok' : byLimits(perDay, limits, 'above'), verdict]),
      ...(perDay === undefined ? {} : { value: Math.round(perDay) }),
      message: words === '' ? rate : `${words}; ${rate}`,
      hint:
        verdict === 'ok'
          ? 'who writes the most: iotop -ao, or pidstat -d 60 1; what helps: databases on an SSD, journald with Storage=volatile'
          : 'put another card or disk in before this one ends: it has not long to go',
      measures: {
        written_since_start_bytes: sinceStartBytes,
        ...(life?.usedPercent === undefined ? {} : { life_used_percent: life.usedPercent }),
      },
    };
  },
};

function judgeLife(life: WearFacts['life']): { verdict: 'ok' | 'warning' | 'critical'; words: string } {
  const { usedPercent = 0, spares = 0 } = life ?? {};
  const verdict =
    usedPercent > 100 || spares >= 3 ? 'critical' : usedPercent >= 90 || spares === 2 ? 'warning' : 'ok';
  if (life === undefined) return { verdict, words: '' };
  const used =
    life.usedPercent === undefined
      ? ''
      : usedPercent > 100
        ? 'its life is used up'
        : `up to ${usedPercent} % of its life used`;
  const left =
    spares >= 3 ? 'nearly no spare blocks are left' : spares === 2 ? 'most of its spare blocks are used' : '';
  return { verdict, words: [used, left].filter((part) => part !== '').join(', ') };
}

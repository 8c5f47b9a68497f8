// Whether there is room where we, the databases and the copies are, and for how long at this rate.
import { formatBytes, formatDuration } from '../base/format.ts';
import { shellWord } from '../base/shell-word.ts';
import type { Check, Sample } from './check.ts';
import { byLimits } from './limits.ts';

export interface SpaceFacts {
  totalBytes: number;
  /** What an unprivileged process may still use. */
  freeBytes: number;
  /** What of ours lies there, in words: `the database of ctv`. */
  holds: readonly string[];
  /** The directories of these. */
  paths: readonly string[];
}

const dayMs = 86_400_000;
/** Sooner than that it is told, whatever the limits say. */
const fullSoonMs = 3 * dayMs;

export const diskSpaceCheck: Check<SpaceFacts> = {
  name: 'disk-space',
  question: 'Is there room on every file system that matters?',
  unit: '%',
  limits: { warning: 85, critical: 95 },
  worse: 'above',
  causedBy: ['mounts'],
  looksBackMs: 14 * dayMs,
  judge({ totalBytes, freeBytes, holds, paths }, { subject, limits, now, earlier }) {
    // What is kept back for root is used, as far as we are concerned.
    const used = totalBytes === 0 ? 0 : (100 * (totalBytes - freeBytes)) / totalBytes;
    const fullMs = fullInMs(earlier, { at: now, value: used });
    const isSoon = fullMs !== undefined && fullMs < fullSoonMs;
    const byValue = byLimits(used, limits, 'above');
    const soon =
      fullMs === undefined ? '' : `, full in about ${formatDuration(fullMs)} at the rate of the last days`;
    return {
      verdict: byValue === 'ok' && isSoon ? 'warning' : byValue,
      value: Math.round(used * 10) / 10,
      message: `${Math.round(used)} % used, ${formatBytes(freeBytes)} free${isSoon || byValue !== 'ok' ? soon : ''} (${holds.join(', ')})`,
      hint: `what takes the room: du -xh -d 2 "$(findmnt -no TARGET -T ${shellWord(subject)})" | sort -h | tail -n 20`,
      paths,
      measures: { free_bytes: freeBytes, total_bytes: totalBytes },
    };
  },
};

/** Fewer hours than these say nothing of days. */
const forecastHoursMin = 48;

/**
 * After how long 100 % are reached, going on as over the time of the samples; undefined where that is not in sight within a
 * year. By the median of the slopes between all pairs (Theil and Sen): one night's scratch files do not bend it.
 */
export function fullInMs(earlier: readonly Sample[], last: Sample): number | undefined {
  const samples = [...earlier.filter(({ at }) => at < last.at), last];
  const first = samples[0];
  if (first === undefined || last.at.getTime() - first.at.getTime() < forecastHoursMin * 3_600_000)
    return undefined;
  const slope = medianSlope(thinned(samples));
  if (slope <= 0) return undefined;
  const ms = (100 - last.value) / slope;
  return ms < 365 * dayMs ? ms : undefined;
}

function medianSlope(samples: readonly Sample[]): number {
  const slopes: number[] = [];
  samples.forEach((one, index) => {
    for (const other of samples.slice(index + 1)) {
      const ms = other.at.getTime() - one.at.getTime();
      if (ms > 0) slopes.push((other.value - one.value) / ms);
    }
  });
  slopes.sort((a, b) => a - b);
  return slopes[Math.floor(slopes.length / 2)] ?? 0;
}

/** A hundred of them at most: the pairs are many. */
function thinned(samples: readonly Sample[]): Sample[] {
  const step = Math.ceil(samples.length / 100);
  return samples.filter((_, index) => index % step === 0 || index === samples.length - 1);
}

// The check `postgres-size`: how large a PostgreSQL database is, and how fast it grows.
import { formatBytes, formatDuration } from '../base/format.ts';
import type { Check, Sample } from './check.ts';
import { byLimits } from './limits.ts';
import type { PostgresFacts } from './postgres.ts';

const dayMs = 86_400_000;
/** From a shorter time nobody says what a day brings. */
const shortestMs = 6 * 3_600_000;

/** There is no limit unless one is given: what is large is for the owner to say. */
export const postgresSizeCheck: Check<PostgresFacts> = {
  name: 'postgres-size',
  question: 'How large is the PostgreSQL database, and how fast does it grow?',
  unit: 'B',
  limits: {},
  worse: 'above',
  causedBy: ['postgres-connections'],
  looksBackMs: 7 * dayMs,
  judge: (facts, { limits, now, earlier }) => {
    if ('refusal' in facts)
      return { verdict: 'unknown', message: facts.refusal.message, hint: facts.refusal.hint };
    const { sizeBytes } = facts.look;
    if (sizeBytes === undefined)
      return { verdict: 'unknown', message: 'the server took too long to add its size up, file by file' };
    const growth = growthOf(sizeBytes, now, earlier);
    return {
      verdict: byLimits(sizeBytes, limits, 'above'),
      message: growth === undefined ? formatBytes(sizeBytes) : `${formatBytes(sizeBytes)}, ${words(growth)}`,
      value: sizeBytes,
      measures: growth === undefined ? {} : { growth_bytes_per_day: Math.round(growth.bytesPerDay) },
    };
  },
};

interface Growth {
  bytesPerDay: number;
  overMs: number;
}

/** Since the oldest of the earlier readings; undefined where that is not long ago. */
function growthOf(sizeBytes: number, now: Date, earlier: readonly Sample[]): Growth | undefined {
  const before = earlier.filter(({ at }) => at < now);
  const oldest = before.reduce<Sample | undefined>(
    (a, b) => (a === undefined || b.at < a.at ? b : a),
    undefined,
  );
  if (oldest === undefined) return undefined;
  const overMs = now.getTime() - oldest.at.getTime();
  return overMs < shortestMs
    ? undefined
    : { bytesPerDay: ((sizeBytes - oldest.value) * dayMs) / overMs, overMs };
}

function words({ bytesPerDay, overMs }: Growth): string {
  const over = `over the last ${formatDuration(overMs)}`;
  if (Math.abs(bytesPerDay) < 1) return `the same ${over}`;
  return `${formatBytes(Math.abs(bytesPerDay))} a day ${bytesPerDay > 0 ? 'more' : 'less'} ${over}`;
}

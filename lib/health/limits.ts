// A value beside its limits, and how both are written.
import { formatBytes, formatDuration, groupThousands } from '../base/format.ts';
import type { Verdict } from '../base/verdict.ts';
import type { Limits, Unit } from './check.ts';

/** A limit that is reached is passed: at 85 % with a warning from 85 on, it is one. */
export function byLimits(value: number, { warning, critical }: Limits, worse: 'above' | 'below'): Verdict {
  const isPast = (limit: number | undefined) =>
    limit !== undefined && (worse === 'above' ? value >= limit : value <= limit);
  if (isPast(critical)) return 'critical';
  return isPast(warning) ? 'warning' : 'ok';
}

/** A value of a check as people read it: `85 %`, `36 h`, `1.4 GB`. */
export function formatValue(value: number, unit: Unit): string {
  switch (unit) {
    case '%':
      return `${rounded(value)} %`;
    case 's':
      return value < 0 ? `-${formatDuration(-value * 1000)}` : formatDuration(value * 1000);
    case 'ms':
      return `${Math.round(value)} ms`;
    case 'B':
      return formatBytes(value);
    case 'B/d':
      return `${formatBytes(value)} a day`;
    case '°C':
      return `${rounded(value)} °C`;
    case 'count':
    case '':
      return Number.isInteger(value) ? groupThousands(value) : String(rounded(value));
  }
}

/** Which limits hold, in words: `warning from 85 %, critical from 95 %`. */
export function limitsWords(
  { warning, critical }: Limits,
  unit: Unit,
  worse: 'above' | 'below' | 'none',
): string {
  const side = worse === 'below' ? 'down to' : 'from';
  const words = (
    [
      ['warning', warning],
      ['critical', critical],
    ] as const
  ).flatMap(([name, limit]) => (limit === undefined ? [] : [`${name} ${side} ${formatValue(limit, unit)}`]));
  return words.length === 0 ? 'no limits: it is well or not' : words.join(', ');
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

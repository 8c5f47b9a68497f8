// A limit of a check, in the unit of that check: a plain number of it, or what people write: "36h", "2 GB".
import { z } from 'zod';
import { parseDuration } from '../../base/duration.ts';
import type { Unit } from '../../health/check.ts';

const sizes: Record<string, number> = {
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/** The value in the unit of the check. */
export function limitFor(unit: Unit): z.ZodType<number> {
  return z.union([z.number(), z.string()]).transform((given, context) => {
    const value = typeof given === 'number' ? given : parsed(given, unit);
    if (value !== undefined && Number.isFinite(value)) return value;
    context.addIssue({ code: 'custom', message: `must be ${words[unit]}` });
    return z.NEVER;
  });
}

const words: Record<Unit, string> = {
  '%': 'a number of per cent, such as 85',
  s: 'a time such as "36h", "30min" or "2d", or a number of seconds',
  ms: 'a number of milliseconds',
  B: 'a size such as "2 GB", or a number of bytes',
  'B/d': 'a size a day such as "2 GB", or a number of bytes',
  '°C': 'a number of degrees Celsius',
  count: 'a number',
  '': 'a number',
};

function parsed(text: string, unit: Unit): number | undefined {
  if (unit === 's') {
    const ms = parseDuration(text);
    return ms === undefined ? undefined : ms / 1000;
  }
  const size = /^(\d+(?:\.\d+)?) ?(kB|KB|MB|GB|TB|KiB|MiB|GiB)$/.exec(text);
  if ((unit === 'B' || unit === 'B/d') && size !== null)
    return Number(size[1]) * (sizes[size[2] ?? ''] ?? Number.NaN);
  const percent = /^(\d+(?:\.\d+)?) ?%$/.exec(text);
  return unit === '%' && percent !== null ? Number(percent[1]) : undefined;
}

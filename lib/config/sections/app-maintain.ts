// `apps.<name>.maintain`: what Holdfast may do to the database of an app, and how often. Without it nothing.
import { z } from 'zod';
import type { MaintainConfig } from '../maintain-config.ts';

const days = z
  .int('must be a whole number')
  .min(1, 'must be at least 1')
  .max(3660, 'must be at most ten years (3660)')
  .optional();

export const maintainTable = z.strictObject({
  vacuum_days: days.describe(
    'how often the file is written anew without what is free in it; never unless given',
  ),
  optimize_days: days.describe(
    'how often what SQLite knows of its tables is brought up to date; never unless given',
  ),
  integrity_days: days.describe('how often a copy of it is checked in full; never unless given'),
  min_free_percent: z
    .number()
    .min(0, 'must not be negative')
    .max(100, 'must be at most 100 (per cent)')
    .default(20)
    .describe('below this share of free pages the timer leaves it as it is'),
});

const dayMs = 86_400_000;

export function maintainConfig(table: z.infer<typeof maintainTable>): MaintainConfig {
  const ms = (count: number | undefined) => (count === undefined ? undefined : count * dayMs);
  return {
    vacuumEveryMs: ms(table.vacuum_days),
    optimizeEveryMs: ms(table.optimize_days),
    integrityEveryMs: ms(table.integrity_days),
    freePercentMin: table.min_free_percent,
  };
}

// `time_zone` and `clock`: when a day begins, and whether the time of day can be believed.
import { z } from 'zod';
import type { Config } from '../config.ts';

export const timeKeys = {
  time_zone: z
    .string()
    .refine(isTimeZone, 'must be a time zone such as "Europe/Berlin"')
    .optional()
    .describe(
      "the zone in which days begin, and in which times are read and shown; the machine's own unless given",
    ),
  clock: z
    .enum(['auto', 'trusted'], 'must be "auto" or "trusted"')
    .default('auto')
    .describe('"trusted" where no time service can vouch for the clock'),
};

export function timeConfig(table: z.infer<z.ZodObject<typeof timeKeys>>): Pick<Config, 'timeZone' | 'clock'> {
  return {
    timeZone: table.time_zone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone,
    clock: table.clock,
  };
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false; // Intl throws a RangeError for an unknown zone
  }
}

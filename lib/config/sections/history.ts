// `[history]`: how long what was done is remembered.
import { z } from 'zod';

export const historyTable = z.strictObject({
  keep_days: z
    .int('must be a whole number')
    .min(7, 'must be at least 7')
    .max(36_500, 'must be at most a hundred years (36500)')
    .default(400)
    .describe('how long runs, drills, messages and measurements are remembered'),
});

/** More than a year, so that a year can be compared with the one before. */
export function historyConfig(table: z.infer<typeof historyTable> | undefined): { keepDays: number } {
  return { keepDays: (table ?? historyTable.parse({})).keep_days };
}

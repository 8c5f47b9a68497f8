// `apps.<name>.guard`: what of the database may become less without being suspect.
import { z } from 'zod';
import { type GuardPolicy, usualGuard } from '../../backup/guard-policy.ts';

const pattern = z.string().min(1, 'must be the name of a table, which may hold *');

const percent = z.number().gt(0, 'must be more than 0 (per cent)').max(100, 'must be at most 100 (per cent)');

export const guardTable = z.strictObject({
  ignore: z.array(pattern).default([]).describe('tables that come and go, such as "queue*"'),
  loss_percent: percent
    .default(usualGuard.lossPercent)
    .describe('from which part on a loss of all rows, or of the bytes, is suspect'),
  tables: z
    .record(pattern, percent)
    .default({})
    .describe('the same for the rows of one table, by its name; 100: only when it is empty or gone'),
});

export function guardConfig(table: z.infer<typeof guardTable> | undefined): GuardPolicy {
  if (table === undefined) return usualGuard;
  return { ignore: table.ignore, lossPercent: table.loss_percent, tables: table.tables };
}

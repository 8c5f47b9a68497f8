// `[health.sql.assertions.<name>]`: what queries of the owner have to return.
import { z } from 'zod';
import type { Assertion } from '../health-config.ts';
import { namedTables } from './health-thing.ts';

const value = z.union([z.string(), z.number(), z.boolean()], 'must be a text, a number, true or false');

const assertionTable = z
  .strictObject({
    app: z.string().min(1).describe('the app whose database is asked'),
    query: z.string().trim().min(1, 'must be a query').max(100_000).describe('a SELECT'),
    expect: z
      .union([value, z.array(z.array(value))], 'must be a value, or a list of rows: [["2021", 108066]]')
      .optional()
      .describe('what the first column of its first row has to be; or all rows, [] for none'),
    min: z.number().optional().describe('what that has to be at least'),
    max: z.number().optional().describe('what that has to be at most'),
    severity: z
      .enum(['warning', 'critical'])
      .default('critical')
      .describe('how bad it is where it is not so'),
    timeout_seconds: z
      .number()
      .positive('must be more than 0')
      .max(30, 'must be at most 30')
      .default(5)
      .describe('so long the query may take'),
  })
  .superRefine(({ expect, min, max }, context) => {
    const problem = (message: string) => context.addIssue({ code: 'custom', message });
    if (expect === undefined && min === undefined && max === undefined) problem('needs expect, min or max');
    if (expect !== undefined && (min !== undefined || max !== undefined))
      problem('has expect, which leaves no room for min or max');
    if (min !== undefined && max !== undefined && min > max) problem('has a min that is more than its max');
  });

export const sqlKeys = {
  assertions: namedTables(assertionTable).default({}).describe('what has to be so, by a name of its own'),
};

type SqlTable = z.infer<z.ZodObject<typeof sqlKeys>>;

export function sqlConfig(table: SqlTable | undefined): readonly Assertion[] {
  return Object.entries(table?.assertions ?? {}).map(([name, assertion]) => ({
    name,
    app: assertion.app,
    timeoutMs: Math.max(1, Math.round(assertion.timeout_seconds * 1000)),
    expectation: {
      query: assertion.query,
      expect: assertion.expect,
      min: assertion.min,
      max: assertion.max,
      severity: assertion.severity,
    },
  }));
}

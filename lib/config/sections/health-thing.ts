// What the named things that health checks look at have in common: their names, and limits of their own.
import { z } from 'zod';
import type { Limits } from '../../health/check.ts';

/** `[health.http.endpoints.<name>]` and its kind: a table of tables by name. */
export function namedTables<Table extends z.ZodType>(table: Table) {
  return z.record(
    z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be a name of letters, digits, ".", "_" and "-"'),
    table,
  );
}

/** Those that were given: what was not leaves the limit of all. */
export function limitsOf(warning: number | undefined, critical: number | undefined): Limits {
  return {
    ...(warning === undefined ? {} : { warning }),
    ...(critical === undefined ? {} : { critical }),
  };
}

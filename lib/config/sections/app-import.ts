// `apps.<name>.import`: how documents become rows again.
import { z } from 'zod';
import { mappingsProblem, pointerProblem, type RowMapping } from '../../export/mapping.ts';
import type { ImportConfig } from '../import-config.ts';
import { absolutePath } from './values.ts';

const pointer = z.string().superRefine((text, context) => {
  const message = pointerProblem(text);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

const rows = z.strictObject({
  table: z.string().min(1).describe('the table that the rows go to'),
  day: z.string().min(1).describe('its column that says the day'),
  each: z.string().startsWith('/', 'must be a pointer to a list, such as /visits').optional(),
  columns: z.record(z.string().min(1), pointer).describe('for each column where its value is'),
});

export const importTable = z.strictObject({
  database: absolutePath.optional().describe('the mirror: a database that only imports write'),
  schema: absolutePath.optional().describe('SQL that makes the tables of a new database'),
  rows: z
    .array(rows)
    .min(1)
    .superRefine((given, context) => {
      const message = mappingsProblem(given.map(mapping));
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    })
    .optional()
    .describe('which rows a document of a day becomes'),
});

export function importConfig({ database, schema, rows }: z.infer<typeof importTable>): ImportConfig {
  return { database, schema, rows: rows?.map(mapping) };
}

function mapping({ table, day, each, columns }: z.infer<typeof rows>): RowMapping {
  return { table, day, each, columns };
}

// `apps.<name>.export`: which documents are made of the database, where, and how they are written.
import { z } from 'zod';
import { filePatternProblem } from '../../export/day.ts';
import { phases } from '../../export/phases.ts';
import type { ExportConfig } from '../export-config.ts';
import type { Environment } from '../environment.ts';
import { shipConfig, shipTable } from './app-export-ship.ts';
import { absolutePath } from './values.ts';

const query = z.string().trim().min(1, 'must be a query');

export const exportTable = z
  .strictObject({
    directory: absolutePath.describe('where the documents lie'),
    file: z.string().optional().describe('their names, with {day} or {table} in it'),
    days: query.optional().describe('a query whose first column lists the service days, such as 2026-11-27'),
    document: query.optional().describe('a query that returns the JSON document of :day'),
    frozen: query.optional().describe('a query that lists days whose documents must not change any more'),
    tables: z
      .union([z.array(z.string().min(1)).min(1), z.record(z.string(), z.string().min(1))])
      .optional()
      .describe('the tables; with days each with the column that says the day'),
    format: z.enum(['json', 'ndjson']).default('json').describe('of a table: a list, or one row a line'),
    indent: z.int().min(0).max(8).optional().describe('spaces for each level; 0 for one line'),
    ascii: z.boolean().default(false).describe('escape every character beyond ASCII'),
    final_newline: z.boolean().default(true).describe('end with a newline'),
    phase: z.enum(phases).default('database').describe('which is the truth until a promotion'),
    parity_days: z.int().min(0).max(365).default(7).describe('days of parity that a promotion wants'),
    ship: shipTable.optional().describe('the reader on another machine'),
  })
  .superRefine((table, context) => {
    for (const message of problems(table)) context.addIssue({ code: 'custom', message });
  });

type ExportTable = z.infer<typeof exportTable>;

function* problems({ days, document, frozen, tables, format, file }: ExportTable): Generator<string> {
  const byDay = tables !== undefined && !Array.isArray(tables);
  if (days === undefined) {
    if (document !== undefined) yield 'has document, which needs days beside it';
    if (frozen !== undefined) yield 'has frozen, which needs days beside it';
    if (byDay) yield 'has tables with columns, which needs days beside it; without days tables is a list';
  } else {
    if ((document === undefined) === (tables === undefined))
      yield 'needs either document or tables beside days';
    if (Array.isArray(tables)) yield 'has days, so tables must say the column of each: { visit = "date" }';
    if (format === 'ndjson') yield 'has days, whose documents are JSON; format = "ndjson" is for tables';
  }
  if (Array.isArray(tables) && new Set(tables.map((name) => name.toLowerCase())).size < tables.length)
    yield 'has a table twice in tables';
  const problem =
    file === undefined ? undefined : filePatternProblem(file, days === undefined ? '{table}' : '{day}');
  if (problem !== undefined) yield `has file, which ${problem}`;
}

export function exportConfig(table: ExportTable, environment: Environment): ExportConfig {
  const { directory, days, document, frozen, tables, format, ascii } = table;
  const isByDay = days !== undefined;
  const made = tables === undefined || Array.isArray(tables) ? undefined : dayTables(tables);
  return {
    directory,
    file: table.file ?? (isByDay ? '{day}.json' : `{table}.${format}`),
    days: days === undefined ? undefined : { query: days, document, tables: made, frozen },
    tables: Array.isArray(tables) ? tables : undefined,
    format,
    style: { indent: table.indent ?? (isByDay ? 2 : 0), ascii, finalNewline: table.final_newline },
    phase: table.phase,
    parityDays: table.parity_days,
    ship: table.ship && shipConfig(table.ship, environment),
  };
}

function dayTables(tables: Record<string, string>) {
  return Object.entries(tables).map(([table, column]) => ({ table, column }));
}

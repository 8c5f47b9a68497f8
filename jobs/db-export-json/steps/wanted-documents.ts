// Which documents there have to be, of one instant of a database.
import { OpsError } from '../../../lib/base/errors.ts';
import type { ExportConfig, ExportDays } from '../../../lib/config/export-config.ts';
import { type Day, dayFileName, dayList, tableFileName } from '../../../lib/export/day.ts';
import type { Recipe, Rows } from '../../../lib/export/rows.ts';
import type { ExportedApp } from './export-apps.ts';

/** A document that has to be there. */
export interface WantedDocument {
  /** Of its file, in the directory of the export. */
  name: string;
  recipe: Recipe;
  day: Day | undefined;
}

/** The name of the file with the schema, beside documents of tables. */
const schemaName = 'schema.sql';

/** All documents, in order. Throws OpsError `damaged` for days that cannot be used, and what the rows throw. */
export async function wantedDocuments(app: ExportedApp, rows: Rows): Promise<WantedDocument[]> {
  const { days } = app.export;
  return days === undefined ? ofTables(app.export, rows) : ofDays(app, days, rows);
}

async function ofDays(app: ExportedApp, days: ExportDays, rows: Rows): Promise<WantedDocument[]> {
  const listed = await listDays(app, rows, days.query, 'days query');
  return listed.map((day) => ({
    name: dayFileName(app.export.file, day),
    recipe: dayRecipe(days, day),
    day,
  }));
}

function dayRecipe({ document, tables = [] }: ExportDays, day: Day): Recipe {
  return document === undefined ? { kind: 'day', day, tables } : { kind: 'query', sql: document, day };
}

/** The days that a query of the operator lists. Throws OpsError `damaged` where one of them is none. */
export async function listDays(app: ExportedApp, rows: Rows, query: string, called: string): Promise<Day[]> {
  const { days, problems } = dayList(await rows.query(query, `the ${called} of ${app.name}`));
  if (problems.length === 0) return days;
  throw new OpsError(
    'damaged',
    `cannot tell the service days of ${app.name}: what its ${called} returns is wrong`,
    {
      lines: problems.slice(0, 10).map((problem) => `  ${problem}`),
      hint: `correct the data or the query: [apps.${app.name}.export]`,
    },
  );
}

/** Tables whose data cannot be read row by row, where nobody has said which tables are wanted. */
export async function tablesLeftOut(
  { export: { days, tables } }: ExportedApp,
  rows: Rows,
): Promise<string[]> {
  return days === undefined && tables === undefined ? (await rows.tables()).unreadable : [];
}

async function ofTables({ file, tables, format }: ExportConfig, rows: Rows): Promise<WantedDocument[]> {
  const names = tables ?? (await rows.tables()).data;
  const documents = names.map((table): WantedDocument => {
    const name = tableFileName(file, table);
    if (name !== undefined && name !== schemaName)
      return { name, recipe: { kind: 'table', table, format }, day: undefined };
    throw new OpsError(
      'config',
      `cannot make a document of the table ${JSON.stringify(table)}: its name cannot be a file's`,
      {
        hint: 'name the others: tables = ["…"]',
      },
    );
  });
  return [...documents, { name: schemaName, recipe: { kind: 'schema' }, day: undefined }];
}

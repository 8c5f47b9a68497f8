// db-export-json check: reads the documents back and compares them with the database, value for value.
import { OpsError } from '../../lib/base/errors.ts';
import { formatCount } from '../../lib/base/format.ts';
import { jsonDifferences, lineDifferences } from '../../lib/export/json-differences.ts';
import { NotJson } from '../../lib/export/json-scan.ts';
import { parseJsonTree } from '../../lib/export/json-tree.ts';
import type { Rows } from '../../lib/export/rows.ts';
import type { HeldDirectory } from '../../lib/files/held-directory.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { type AppsResult, appsOutcome, appsText, eachApp } from '../steps/each-app.ts';
import type * as parameters from './parameters.ts';
import { type ExportedApp, exportedApps } from './steps/export-apps.ts';
import { frozenDays } from './steps/frozen-days.ts';
import { openDirectory } from './steps/open-directory.ts';
import { readDocument } from './steps/read-document.ts';
import { type WantedDocument, wantedDocuments } from './steps/wanted-documents.ts';

interface Checked {
  documents: number;
  /** Documents that are not what the database says. */
  different: Difference[];
}

interface Difference {
  name: string;
  frozen: boolean;
  /** The first of them, in sentences. */
  differences: string[];
  count: number;
}

const shownMax = 20;

export async function run(
  context: JobContext,
  { app, day }: Options<typeof parameters.check>,
): Promise<Outcome<AppsResult<Checked>>> {
  const results = await eachApp(context, exportedApps(context, app), (each) => checkApp(context, each, day));
  return appsOutcome(results, ({ different }, name) =>
    different.length === 0
      ? []
      : [
          {
            severity: 'warning',
            message: `${formatCount(different.length, 'document')} differ from the database, first ${different[0]?.name}`,
            hint: `db-export-json run --app ${name} writes what is not frozen`,
          },
        ],
  );
}

export function text(result: AppsResult<Checked>): string[] {
  return appsText(result, ({ documents, different }, app) => [
    `${app}: ${formatCount(documents, 'document')} compared, ${different.length} different`,
    ...different.flatMap(({ name, frozen, differences, count }) => [
      `  ${name}${frozen ? ' (frozen)' : ''}`,
      ...differences.map((difference) => `      ${difference}`),
      ...(count > differences.length ? [`      and ${count - differences.length} more`] : []),
    ]),
  ]);
}

async function checkApp(context: JobContext, app: ExportedApp, day: string | undefined): Promise<Checked> {
  await using rows = await context.openRows(app);
  using directory = await openDirectory(app);
  const frozen = await frozenDays(context, app, rows);
  const all = await wantedDocuments(app, rows);
  const wanted = day === undefined ? all : all.filter((document) => document.day === day);
  if (day !== undefined && wanted.length === 0)
    throw new OpsError('missing', `cannot check ${day}: the database has no such day`);
  const different: Difference[] = [];
  context.progress.start(`${app.name}: comparing`, 0);
  for (const document of wanted) {
    context.signal.throwIfAborted();
    const { shown, count } = await compare(app, rows, directory, document);
    const isFrozen = document.day !== undefined && frozen.has(document.day);
    if (count > 0) different.push({ name: document.name, frozen: isFrozen, differences: shown, count });
    context.progress.update(0);
  }
  context.progress.end();
  return { documents: wanted.length, different };
}

/** Bytes first; only where they differ it is looked at which values do. */
async function compare(
  app: ExportedApp,
  rows: Rows,
  directory: HeldDirectory,
  { name, recipe }: WantedDocument,
): Promise<{ shown: string[]; count: number }> {
  const told = (sentence: string) => ({ shown: [sentence], count: 1 });
  const file = await readDocument(directory, name);
  if (file === undefined) return told('it is not there');
  const chunks: Uint8Array[] = [];
  for await (const chunk of rows.document(recipe, app.export.style)) chunks.push(chunk);
  const expected = Buffer.concat(chunks);
  if (expected.equals(file)) return { shown: [], count: 0 };
  if (recipe.kind === 'schema' || (recipe.kind === 'table' && recipe.format === 'ndjson'))
    return lineDifferences(file.toString(), expected.toString(), shownMax);
  try {
    const found = jsonDifferences(
      parseJsonTree(file.toString()),
      parseJsonTree(expected.toString()),
      shownMax,
    );
    return found.count > 0 ? found : told('the same values are written in another way');
  } catch (error) {
    if (error instanceof NotJson) return told(`the file is no JSON: ${error.message}`);
    throw error;
  }
}

// The documents that lie in the directory of an export, as rows.
import { OpsError } from '../../../lib/base/errors.ts';
import { type Day, dayFileName, dayOfFile, tableOfFile } from '../../../lib/export/day.ts';
import { NotJson } from '../../../lib/export/json-scan.ts';
import { type JsonTree, parseJsonTree } from '../../../lib/export/json-tree.ts';
import type { TableRows } from '../../../lib/export/loader.ts';
import { listedRows, mappedRows, NotMapped, valueAt } from '../../../lib/export/mapping.ts';
import type { HeldDirectory } from '../../../lib/files/held-directory.ts';
import type { ExportedApp } from './export-apps.ts';
import { namesIn, readDocument } from './read-document.ts';
import type { WantedDocument } from './wanted-documents.ts';

/** A document that can be read. */
export interface LyingDocument {
  name: string;
  /** Its day, or its table. */
  of: { day: Day } | { table: string };
}

/** The documents that are there, in order. */
export async function allLyingDocuments(
  app: ExportedApp,
  directory: HeldDirectory,
): Promise<LyingDocument[]> {
  const { days, file, tables } = app.export;
  return (await namesIn(directory)).flatMap((name): LyingDocument[] => {
    const of = days === undefined ? tableOfFile(file, name) : dayOfFile(file, name);
    if (of === undefined || (days === undefined && tables?.includes(of) === false)) return [];
    return [{ name, of: days === undefined ? { table: of } : { day: of } }];
  });
}

/** Those of days that are not among `wanted`, in order; none where there are no service days. */
export async function documentsOfOtherDays(
  app: ExportedApp,
  directory: HeldDirectory,
  wanted: readonly WantedDocument[],
): Promise<{ name: string; day: Day }[]> {
  const names = new Set(wanted.map(({ name }) => name));
  const others = (await allLyingDocuments(app, directory)).filter(({ name }) => !names.has(name));
  return others.flatMap(({ name, of }) => ('day' in of ? [{ name, day: of.day }] : []));
}

/** The same as all, only that of `day` where one is named. Throws OpsError `missing` for none. */
export async function lyingDocuments(
  app: ExportedApp,
  directory: HeldDirectory,
  day: Day | undefined,
): Promise<LyingDocument[]> {
  const { file } = app.export;
  const found = await allLyingDocuments(app, directory);
  const wanted = day === undefined ? found : found.filter(({ name }) => name === dayFileName(file, day));
  if (wanted.length > 0) return wanted;
  throw new OpsError(
    'missing',
    `cannot import ${day ?? 'anything'} from ${directory.path}: there is no document`,
    {
      hint: `their names are ${file}: ls ${directory.path}`,
    },
  );
}

/** The rows of a document. Throws OpsError `damaged` for one that is cut, no JSON, or not as its mapping says. */
export async function documentRows(
  app: ExportedApp,
  directory: HeldDirectory,
  { name, of }: LyingDocument,
): Promise<TableRows[]> {
  const text = await readText(directory, name);
  try {
    if ('day' in of) return dayRows(app, parseJsonTree(text), of.day);
    const list = app.export.format === 'ndjson' ? lines(text) : parseJsonTree(text);
    return [listedRows(list, of.table, undefined)];
  } catch (error) {
    if (!(error instanceof NotJson) && !(error instanceof NotMapped)) throw error;
    throw new OpsError('damaged', `cannot import ${directory.path}/${name}: ${error.message}`, {
      hint: `nothing was imported; db-export-json check --app ${app.name} compares it with the database`,
    });
  }
}

function dayRows(app: ExportedApp, document: JsonTree, day: Day): TableRows[] {
  const mappings = app.import?.rows;
  if (mappings !== undefined) return mappedRows(document, day, mappings);
  const tables = app.export.days?.tables;
  if (tables !== undefined)
    return tables.map(({ table, column }) => {
      const list = valueAt(document, `/${table.replaceAll('~', '~0').replaceAll('/', '~1')}`);
      if (list === undefined) throw new NotMapped(`it has no ${table}`);
      return listedRows(list, table, column);
    });
  throw new OpsError(
    'config',
    `cannot import documents of ${app.name}: nothing says which rows they become`,
    {
      hint: `write [[apps.${app.name}.import.rows]]; docs/configuration.md has every key`,
    },
  );
}

function lines(text: string): JsonTree {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(parseJsonTree);
}

/** Fatal for what is not UTF-8: a replaced character would be another value. */
async function readText(directory: HeldDirectory, name: string): Promise<string> {
  const bytes = await readDocument(directory, name);
  const path = `${directory.path}/${name}`;
  if (bytes === undefined) throw new OpsError('missing', `cannot import ${path}: it is gone again`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new OpsError('damaged', `cannot import ${path}: it is not valid UTF-8`);
  }
}

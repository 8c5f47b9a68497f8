// The documents that lie in the directory of an export, as rows.
import { OpsError } from '../../../lib/base/errors.ts';
import { type Day, dayFileName, dayOfFile, tableOfFile } from '../../../lib/export/day.ts';
import {
  type DocumentReader,
  readLines,
  readListed,
  readMapped,
  type TakeRows,
} from '../../../lib/export/document-rows.ts';
import { NotJson } from '../../../lib/export/json-scan.ts';
import { pointerStep } from '../../../lib/export/json-tree.ts';
import { NotMapped } from '../../../lib/export/mapping.ts';
import type { HeldDirectory } from '../../../lib/files/held-directory.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { ExportedApp } from './export-apps.ts';
import { namesIn, NotText, readText } from './read-document.ts';
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

/** Tells the rows of a document. Throws OpsError `damaged` for one that is cut, no JSON, or not as its mapping says. */
export async function readRows(
  { signal }: JobContext,
  app: ExportedApp,
  { directory, document: { name, of } }: { directory: HeldDirectory; document: LyingDocument },
  take: TakeRows,
): Promise<void> {
  const path = `${directory.path}/${name}`;
  try {
    const reader = readerOf(app, of, take);
    await readText(directory, name, { signal, take: (text) => reader.write(text) });
    reader.end();
  } catch (error) {
    if (error instanceof NotText)
      throw new OpsError('damaged', `cannot import ${path}: it is not valid UTF-8`);
    if (!(error instanceof NotJson) && !(error instanceof NotMapped)) throw error;
    throw new OpsError('damaged', `cannot import ${path}: ${error.message}`, {
      hint: `nothing was imported; db-export-json check --app ${app.name} compares it with the database`,
    });
  }
}

function readerOf(app: ExportedApp, of: LyingDocument['of'], take: TakeRows): DocumentReader {
  if ('table' in of) {
    const { table } = of;
    if (app.export.format === 'ndjson') return readLines(table, take);
    return readListed([{ pointer: '', table, day: undefined }], take);
  }
  const mappings = app.import?.rows;
  if (mappings !== undefined) return readMapped(of.day, mappings, take);
  const tables = app.export.days?.tables;
  if (tables !== undefined) {
    const lists = tables.map(({ table, column }) => ({
      pointer: `/${pointerStep(table)}`,
      table,
      day: column,
    }));
    return readListed(lists, take);
  }
  throw new OpsError(
    'config',
    `cannot import documents of ${app.name}: nothing says which rows they become`,
    {
      hint: `write [[apps.${app.name}.import.rows]]; docs/configuration.md has every key`,
    },
  );
}

// Documents into a database: one that is there is brought up to date, one that is not is made whole and then gets its name.
import { OpsError, systemError } from '../../../lib/base/errors.ts';
import type { Change, Loader, Replacement } from '../../../lib/export/loader.ts';
import { type HeldDirectory, inKnownPaths } from '../../../lib/files/held-directory.ts';
import { ifPathThere } from '../../../lib/files/if-there.ts';
import type { LocatedFile } from '../../../lib/files/locate-file.ts';
import { readSmallFile } from '../../../lib/files/read-small-file.ts';
import { placeNew, requireFree } from '../../../lib/placement/place-new.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { ExportedApp } from './export-apps.ts';
import { type LyingDocument, readRows } from './read-documents.ts';

/** What came of it. */
export interface Imported {
  /** The database that was filled. */
  target: string;
  isNew: boolean;
  documents: number;
  /** Those whose rows were not there yet. */
  changed: string[];
  tables: { table: string; removed: number; added: number; rows: number }[];
}

/** What is imported, and into what. */
export interface Import {
  directory: HeldDirectory;
  documents: readonly LyingDocument[];
  target: LocatedFile;
  /** A person has named it, and it has to be a new database; else one that is there is brought up to date. */
  isNamed: boolean;
}

const taken = 'name a file that does not exist; without --to the mirror is brought up to date';

/** All of the documents, or nothing. */
export async function importDocuments(
  context: JobContext,
  app: ExportedApp,
  what: Import,
): Promise<Imported> {
  if (what.isNamed || !what.target.exists) return importNew(context, app, what);
  using loader = await context.openLoader(what.target.path);
  return await fill(context, app, { ...what, isNew: false }, loader);
}

/** What an import would do, in a copy. */
export async function tryImport(context: JobContext, app: ExportedApp, what: Import): Promise<Imported> {
  const isNew = what.isNamed || !what.target.exists;
  if (isNew) await requireFree(what.target, { taken });
  await using scratch = await context.scratch();
  using loader = await context.openLoader(what.target.path, { tryIn: scratch.file('tried.db') });
  return await fill(context, app, { ...what, isNew }, loader);
}

async function importNew(context: JobContext, app: ExportedApp, what: Import): Promise<Imported> {
  const { target } = what;
  await requireFree(target, { taken });
  await using note = await context.noteElsewhere({ scratchIn: target.directory.path });
  void note;
  await using scratch = await context.scratch(target.directory.path);
  const name = 'import.db';
  const imported = await fillNew(context, app, what, scratch.file(name));
  // A mirror is there for the app; what a person names is that person's.
  const wish = what.isNamed ? undefined : { ownership: undefined, runCommand: context.runCommand };
  await placeNew({ directory: scratch.directory, name }, target, wish);
  context.noteLeft(`${target.path} is complete`);
  return imported;
}

async function fillNew(context: JobContext, app: ExportedApp, what: Import, path: string): Promise<Imported> {
  using loader = await context.openLoader(path, { called: what.target.path });
  return await fill(context, app, { ...what, isNew: true }, loader);
}

async function fill(
  context: JobContext,
  app: ExportedApp,
  { directory, documents, target, isNew }: Import & { isNew: boolean },
  loader: Loader,
): Promise<Imported> {
  if (loader.isEmpty()) loader.makeSchema(await schemaOf(app, directory));
  const tables = new Map<string, Change>();
  const changed: string[] = [];
  context.progress.start(`${app.name}: importing`, documents.length, 'steps');
  for (const [index, document] of documents.entries()) {
    context.signal.throwIfAborted();
    const filled: { table: string; rows: Replacement }[] = [];
    await readRows(context, app, { directory, document }, (of) => {
      const rows = loader.replace(of, 'day' in document.of ? document.of.day : '');
      filled.push({ table: of.table, rows });
      return rows;
    });
    let isChanged = false;
    for (const { table, rows } of filled) {
      const { removed, added } = rows.end();
      isChanged ||= removed + added > 0;
      const counted = tables.get(table) ?? { removed: 0, added: 0 };
      tables.set(table, { removed: counted.removed + removed, added: counted.added + added });
    }
    if (isChanged) changed.push(document.name);
    context.progress.update(index + 1);
  }
  context.progress.end();
  loader.commit();
  return {
    target: target.path,
    isNew,
    documents: documents.length,
    changed,
    tables: [...tables].map(([table, counts]) => ({ table, ...counts, rows: loader.count(table) })),
  };
}

const schemaBytesMax = 16 * 1024 * 1024;

/** The configured SQL, else that which an export of tables has put beside them. */
async function schemaOf(app: ExportedApp, directory: HeldDirectory): Promise<string> {
  const configured = app.import?.schema;
  const [path, called] =
    configured === undefined
      ? [directory.at('schema.sql'), `${directory.path}/schema.sql`]
      : [configured, configured];
  const options = { sizeBytesMax: schemaBytesMax, follow: configured !== undefined, called };
  try {
    const found = await inKnownPaths(() => ifPathThere(readSmallFile(path, options)));
    if (found !== undefined) return found.bytes.toString();
  } catch (error) {
    throw systemError(`read the schema ${called}`, error);
  }
  throw new OpsError(
    'config',
    `cannot make the tables of a new database for ${app.name}: ${called} is not there`,
    {
      hint: `write schema = "/path/to/schema.sql" in [apps.${app.name}.import]`,
    },
  );
}

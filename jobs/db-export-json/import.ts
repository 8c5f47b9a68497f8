// db-export-json import: documents become rows again, of the mirror or of a new database.
import { lstat, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { OpsError, systemError } from '../../lib/base/errors.ts';
import { formatCount } from '../../lib/base/format.ts';
import type { Change, Loader } from '../../lib/export/loader.ts';
import { guardedApps } from '../../lib/config/config.ts';
import { type HeldDirectory, inKnownPaths } from '../../lib/files/held-directory.ts';
import { type LocatedFile, locateFile } from '../../lib/files/locate-file.ts';
import { ifPathThere } from '../../lib/files/if-there.ts';
import { readSmallFile } from '../../lib/files/read-small-file.ts';
import { placeNew, requireFree } from '../../lib/placement/place-new.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, Steps } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { type ExportedApp, exportedApp } from './steps/export-apps.ts';
import { openDirectory } from './steps/open-directory.ts';
import { documentRows, lyingDocuments } from './steps/read-documents.ts';

type Given = Options<typeof parameters.importDocuments>;

interface Imported {
  app: string;
  /** The database that was filled. */
  target: string;
  isNew: boolean;
  documents: number;
  /** Those whose rows were not there yet. */
  changed: string[];
  tables: { table: string; removed: number; added: number; rows: number }[];
}

export async function run(context: JobContext, given: Given): Promise<Outcome<Imported>> {
  const app = exportedApp(context, given.app);
  const path = targetOf(app, given);
  await using lock = await context.lock({ name: app.name, scope: 'import' }, 'db-export-json import');
  void lock;
  using target = await locateFile(path);
  if (given.to === undefined) await requireNoLiveDatabase(context, target);
  if (given.to === undefined && target.exists) {
    using loader = context.openLoader(target.path);
    return { result: await fill(context, app, given, { loader, target, isNew: false }), findings: [] };
  }
  return { result: await importNew(context, app, given, target), findings: [] };
}

export function text({ app, target, isNew, documents, changed, tables }: Imported): string[] {
  return [
    `${app}: ${formatCount(documents, 'document')} in ${target}${isNew ? ', which is new' : ''}: ${changed.length} changed`,
    ...tables.map(
      ({ table, removed, added, rows }) =>
        `  ${table}: ${removed} rows went, ${added} came, ${rows} are there`,
    ),
  ];
}

export const plan: Steps<Given, Imported> = {
  async run(context, given) {
    const app = exportedApp(context, given.app);
    using target = await locateFile(targetOf(app, given));
    if (given.to === undefined) await requireNoLiveDatabase(context, target);
    const isNew = given.to !== undefined || !target.exists;
    if (isNew) await requireFree(target, { taken });
    using loader = context.openLoader(target.path);
    return { result: await fill(context, app, given, { loader, target, isNew }), findings: [] };
  },
  text: (result) => text(result).map((line) => `would be: ${line}`),
};

const taken = 'name a file that does not exist; without --to the mirror is brought up to date';

function targetOf(app: ExportedApp, { to }: Given): string {
  if (to !== undefined) return resolve(to);
  if (app.import?.database === app.database)
    throw new OpsError('config', `cannot import into ${app.database}: it is the database of the app itself`, {
      hint: 'import into a new one, and put it in its place with the app stopped: db-export-json import --to <path>',
    });
  if (app.import?.database !== undefined) return app.import.database;
  throw new OpsError('usage', `cannot import documents of ${app.name}: no mirror is configured`, {
    hint: `import into a new database: db-export-json import --to /tmp/${app.name}.db; or write database in [apps.${app.name}.import]`,
  });
}

/** By whatever name: an import takes rows away. */
async function requireNoLiveDatabase({ config }: JobContext, target: LocatedFile): Promise<void> {
  if (!target.exists) return;
  const { dev, ino } = await lstat(target.directory.at(target.name), { bigint: true });
  for (const { name, database } of guardedApps(config)) {
    const live = await ifPathThere(stat(database, { bigint: true }));
    if (live?.dev === dev && live.ino === ino)
      throw new OpsError('config', `cannot import into ${target.path}: it is the live database of ${name}`, {
        hint: 'name another mirror: database in [apps.<name>.import]',
      });
  }
}

/** A new database is made in scratch, and gets its name when it is whole. */
async function importNew(
  context: JobContext,
  app: ExportedApp,
  given: Given,
  target: LocatedFile,
): Promise<Imported> {
  await requireFree(target, { taken });
  await using note = await context.noteElsewhere({ scratchIn: target.directory.path });
  void note;
  await using scratch = await context.scratch(target.directory.path);
  const name = 'import.db';
  const imported = await fillNew(context, app, given, target, scratch.file(name));
  await placeNew({ directory: scratch.directory, name }, target);
  context.noteLeft(`${target.path} is complete`);
  return imported;
}

async function fillNew(
  context: JobContext,
  app: ExportedApp,
  given: Given,
  target: LocatedFile,
  path: string,
): Promise<Imported> {
  using loader = context.openLoader(path, target.path);
  return await fill(context, app, given, { loader, target, isNew: true });
}

async function fill(
  context: JobContext,
  app: ExportedApp,
  { day }: Given,
  { loader, target, isNew }: { loader: Loader; target: LocatedFile; isNew: boolean },
): Promise<Imported> {
  using directory = await openDirectory(app);
  const documents = await lyingDocuments(app, directory, day);
  if (loader.isEmpty()) loader.makeSchema(await schemaOf(app, directory));
  const tables = new Map<string, Change>();
  const changed: string[] = [];
  context.progress.start(`${app.name}: importing`, 0);
  for (const document of documents) {
    context.signal.throwIfAborted();
    let isChanged = false;
    for (const rows of await documentRows(app, directory, document)) {
      const { removed, added } = loader.replace(rows, 'day' in document.of ? document.of.day : '');
      isChanged ||= removed + added > 0;
      const counted = tables.get(rows.table) ?? { removed: 0, added: 0 };
      tables.set(rows.table, { removed: counted.removed + removed, added: counted.added + added });
    }
    if (isChanged) changed.push(document.name);
    context.progress.update(0);
  }
  context.progress.end();
  loader.commit();
  return {
    app: app.name,
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

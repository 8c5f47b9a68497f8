// db-export-json import: documents become rows again, of the mirror or of a new database.
import { lstat, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { OpsError } from '../../lib/base/errors.ts';
import { formatCount } from '../../lib/base/format.ts';
import { fileApps } from '../../lib/config/config.ts';
import { ifPathThere } from '../../lib/files/if-there.ts';
import { type LocatedFile, locateFile } from '../../lib/files/locate-file.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, Steps } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { type ExportedApp, exportedApp } from './steps/export-apps.ts';
import { importDocuments, type Imported, tryImport } from './steps/import-documents.ts';
import { openDirectory } from './steps/open-directory.ts';
import { lyingDocuments } from './steps/read-documents.ts';

type Given = Options<typeof parameters.importDocuments>;
type ImportedApp = { app: string } & Imported;

export async function run(context: JobContext, given: Given): Promise<Outcome<ImportedApp>> {
  const app = exportedApp(context, given.app);
  await using lock = await context.lock({ name: app.name, scope: 'import' }, 'db-export-json import');
  void lock;
  return await importGiven(context, app, given, importDocuments);
}

export function text({ app, target, isNew, documents, changed, tables }: ImportedApp): string[] {
  return [
    `${app}: ${formatCount(documents, 'document')} in ${target}${isNew ? ', which is new' : ''}: ${changed.length} changed`,
    ...tables.map(
      ({ table, removed, added, rows }) =>
        `  ${table}: ${removed} rows went, ${added} came, ${rows} are there`,
    ),
  ];
}

export const plan: Steps<Given, ImportedApp> = {
  run: (context, given) => importGiven(context, exportedApp(context, given.app), given, tryImport),
  text: (result) => text(result).map((line) => `would be: ${line}`),
};

async function importGiven(
  context: JobContext,
  app: ExportedApp,
  given: Given,
  importThem: typeof importDocuments,
): Promise<Outcome<ImportedApp>> {
  using target = await locateFile(targetOf(app, given));
  if (given.to === undefined) await requireNoLiveDatabase(context, target);
  using directory = await openDirectory(app);
  const documents = await lyingDocuments(app, directory, given.day);
  const isNamed = given.to !== undefined;
  const imported = await importThem(context, app, { directory, documents, target, isNamed });
  return { result: { app: app.name, ...imported }, findings: [] };
}

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
  for (const { name, database } of fileApps(config)) {
    const live = await ifPathThere(stat(database, { bigint: true }));
    if (live?.dev === dev && live.ino === ino)
      throw new OpsError('config', `cannot import into ${target.path}: it is the live database of ${name}`, {
        hint: 'name another mirror: database in [apps.<name>.import]',
      });
  }
}

// `[apps]`: one table an app, made of its parts.
import { z } from 'zod';
import { appNameFromPath, type Layout, requireAppName } from '../../backup/name.ts';
import { errorMessage } from '../../base/errors.ts';
import type { AppConfig, GuardedApp } from '../config.ts';
import { type Environment, nonEmpty } from '../environment.ts';
import { databaseFromEnvironment, databaseKeys, engineOf, keptConfig, latestOf } from './app-database.ts';
import { deltaConfig, deltaTable } from './app-delta.ts';
import { serveConfig, serveTable } from './app-serve.ts';
import { expectConfig, expectTable } from './app-expect.ts';
import { formatProblems } from './app-format.ts';
import { exportConfig, exportTable } from './app-export.ts';
import { importConfig, importTable } from './app-import.ts';
import { healthConfig, healthTable } from './app-health.ts';
import { maintainConfig, maintainTable } from './app-maintain.ts';
import { postgresTargetOf } from './postgres-target.ts';
import { servicesConfig, servicesKeys, servicesProblems } from './app-services.ts';
import { standbyConfig, standbyTable } from './app-standby.ts';

/** What an app with a database may have. The defaults come later: which keys were written has to be seen first. */
const guardedKeys = {
  ...databaseKeys,
  ...servicesKeys,
  expect: expectTable.optional().describe('how often there has to be a backup, and a drill'),
  health: healthTable.optional().describe('how a restore finds out that the app is well again'),
  export: exportTable.optional().describe('the JSON documents that are made of it'),
  import: importTable.optional().describe('how they become rows again'),
  maintain: maintainTable
    .optional()
    .describe('what may be done to the database itself; nothing unless given'),
  delta: deltaTable.optional().describe('where the changes of its rows go; nowhere unless given'),
  serve: serveTable.optional().describe('who may follow its changes; nobody unless given'),
  standby: standbyTable
    .optional()
    .describe('this machine is a standby: the app is live elsewhere, and a copy lies ready here'),
};

const appTable = z.strictObject(guardedKeys).superRefine((table, context) => {
  for (const message of servicesProblems(table)) context.addIssue({ code: 'custom', message });
  for (const { path, message } of databaseProblems(table))
    context.addIssue({ code: 'custom', path, message });
});

type AppTable = z.infer<typeof appTable>;

export const appsTable = z
  .record(z.string().superRefine(checkAppName), appTable)
  .superRefine(checkAppNames)
  .superRefine(checkLatestNames)
  .superRefine(checkDocuments);

/** The apps, in the order of the file. */
export function appsConfig(
  tables: z.infer<typeof appsTable>,
  layout: Layout,
  environment: Environment,
): AppConfig[] {
  return Object.entries(tables).map(([name, table]) =>
    engineOf(table) === undefined
      ? { name, engine: undefined }
      : guardedApp(name, table, layout, environment),
  );
}

function guardedApp(name: string, table: AppTable, layout: Layout, environment: Environment): GuardedApp {
  const guarded = {
    name,
    ...keptConfig(name, table, layout),
    expect: expectConfig(table.expect, table.every),
    services: servicesConfig(table),
    health: table.health && healthConfig(table.health),
  };
  if (table.database === undefined)
    return {
      ...guarded,
      engine: 'postgres',
      urlFile: table.postgres_url_file,
      readTarget: () => postgresTargetOf(`app-${name}`, table, environment),
    };
  return {
    ...guarded,
    engine: 'sqlite',
    database: table.database,
    export: table.export && exportConfig(table.export, environment),
    import: table.import && importConfig(table.import),
    maintain: table.maintain && maintainConfig(table.maintain),
    delta: table.delta && deltaConfig(name, table.delta, environment),
    serve: table.serve && serveConfig(table.serve, environment),
    standby: table.standby && standbyConfig(table.standby),
  };
}

/** The keys that name a database, of which an app has one. */
export const databaseNames = ['database', 'postgres_url', 'postgres_url_file'] as const;

/** What only a database in a file can have. */
const fileKeys = ['export', 'import', 'maintain', 'delta', 'serve', 'standby'] as const;

/** Keys that were written though there is no database: who forgot it is told, and not left without backups. */
function* databaseProblems(table: z.infer<z.ZodObject<typeof guardedKeys>>): Generator<Problem> {
  const named = databaseNames.filter((key) => table[key] !== undefined);
  const [first, second] = named;
  if (first === undefined) {
    for (const [key, value] of Object.entries(table))
      if (value !== undefined) yield { path: [key], message: 'needs database beside it, which is missing' };
    return;
  }
  if (second !== undefined)
    yield { path: [second], message: `names a database, and so does ${first}: an app has one` };
  const engine = first === 'database' ? 'sqlite' : 'postgres';
  yield* formatProblems(table, engine);
  if (engine === 'sqlite') return;
  for (const key of fileKeys)
    if (table[key] !== undefined)
      yield { path: [key], message: 'needs a SQLite database, and that of this app is in PostgreSQL' };
}

interface Problem {
  readonly path: string[];
  readonly message: string;
}

/**
 * The one app that the environment names, as the file would have it; undefined where it names no database.
 * `HOLDFAST_APP`, by which a unit's instance and this app become the same, is its name, else the database's file name.
 */
export function appsFromEnvironment(environment: Environment): z.input<typeof appsTable> | undefined {
  const table = databaseFromEnvironment(environment);
  if (table === undefined) return undefined;
  const given = nonEmpty(environment.HOLDFAST_APP);
  return { [given === undefined ? appNameFromPath(table.database) : requireAppName(given)]: table };
}

function checkAppName(
  name: string,
  context: { addIssue(issue: { code: 'custom'; message: string }): void },
): void {
  try {
    requireAppName(name);
  } catch (error) {
    context.addIssue({ code: 'custom', message: errorMessage(error) });
  }
}

interface Issues {
  addIssue(issue: { code: 'custom'; path: string[]; message: string }): void;
}

/** As a name is compared where letter case, and how an accent is written, tell nothing apart: Dropbox, exFAT, SMB. */
function folded(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

/** Two apps that a store takes for one would be each other's backups, and share locks and notes. */
function checkAppNames(apps: Record<string, AppTable>, context: Issues): void {
  const owners = new Map<string, string>();
  for (const app of Object.keys(apps)) {
    const owner = owners.get(folded(app));
    owners.set(folded(app), app);
    if (owner === undefined) continue;
    const message = `differs from ${owner} in letter case alone, which many stores do not tell apart`;
    context.addIssue({ code: 'custom', path: [app], message });
  }
}

/** Two apps with one latest copy would replace each other's, night after night; and a file is no folder for another. */
function checkLatestNames(apps: Record<string, AppTable>, context: Issues): void {
  const owners = new Map<string, string>();
  for (const [app, table] of Object.entries(apps)) {
    const latest = latestOf(app, table);
    if (latest === undefined) continue;
    const name = folded(latest);
    for (const [other, owner] of owners) {
      if (name !== other && !name.startsWith(`${other}/`) && !other.startsWith(`${name}/`)) continue;
      const message =
        name === other
          ? `is the latest copy of ${owner} already`
          : `and the latest copy of ${owner} cannot lie one below the other`;
      context.addIssue({ code: 'custom', path: [app, 'latest'], message });
    }
    owners.set(name, app);
  }
}

/** Exports that would write over each other, and imports over the database of another app. */
function checkDocuments(apps: Record<string, AppTable>, context: Issues): void {
  const all = Object.entries(apps);
  for (const [index, [app, table]] of all.entries()) {
    for (const [key, placeOf] of documentPlaces) {
      const earlier = all
        .slice(0, index)
        .find(([, other]) => isSharedExport(table.export, other.export, placeOf));
      if (earlier === undefined) continue;
      const message = `has documents where those of ${earlier[0]} lie: give it a directory of its own`;
      context.addIssue({ code: 'custom', path: [app, 'export', ...key], message });
    }
    const mirror = table.import?.database;
    const owner = all.find(([name, { database }]) => name !== app && database === mirror);
    if (mirror === undefined || owner === undefined) continue;
    const message = `is the database of ${owner[0]}`;
    context.addIssue({ code: 'custom', path: [app, 'import', 'database'], message });
  }
}

type Exported = NonNullable<AppTable['export']>;

/** Where documents lie: here, and at a reader. */
const documentPlaces: [string[], (table: Exported) => string | undefined][] = [
  [['directory'], ({ directory }) => directory],
  [['ship', 'to'], ({ ship }) => ship?.to.text],
];

/** Whether both may have a document of one name: those of days are told apart by their pattern, a table may have any name. */
function isSharedExport(
  one: Exported | undefined,
  other: Exported | undefined,
  placeOf: (table: Exported) => string | undefined,
): boolean {
  if (one === undefined || other === undefined) return false;
  if (placeOf(one) === undefined || placeOf(one) !== placeOf(other)) return false;
  const [first, second] = [exportConfig(one, {}), exportConfig(other, {})];
  return first.days === undefined || second.days === undefined || first.file === second.file;
}

// The apps that can be restored: those of the configuration, and where it has none, or none of that name, those that the store
// itself has backups of. On a new machine the store may be all that is left.
import { usualPages } from '../../lib/backup/pages-policy.ts';
import type { CatalogueEntry } from '../../lib/backup/catalogue.ts';
import { usualExpectations } from '../../lib/backup/expectations.ts';
import { usualGuard } from '../../lib/backup/guard-policy.ts';
import type { Manifest } from '../../lib/backup/manifest.ts';
import { isSealed, parseAnyManifest, type SealedManifest } from '../../lib/backup/sealed-manifest.ts';
import {
  defaultLatestName,
  engineByName,
  isAppName,
  manifestName,
  parseBackupName,
} from '../../lib/backup/name.ts';
import { OpsError } from '../../lib/base/errors.ts';
import { didYouMean } from '../../lib/base/nearest.ts';
import {
  databaseOf,
  type FileApp,
  type GuardedApp,
  guardedApps,
  type PostgresApp,
} from '../../lib/config/config.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Store } from '../../lib/store/store.ts';
import { selectedApps } from './each-app.ts';

/** An app that a restore can be about. */
export type RestorableApp = GuardedApp & {
  /** The configuration does not say where its database is: it goes to a new file only. */
  readonly isOnlyStored?: boolean;
  /** Where its database was, as its newest manifest says; undefined where that is sealed. */
  readonly was?: string;
  /** Its backups, where they were listed to find out that it is the one: for whoever lists them first. */
  readonly justListed?: CatalogueEntry[][];
};

/** The backups of an app, newest first, without another look where the app was just found by one. */
export async function backupsOf(context: JobContext, app: RestorableApp): Promise<CatalogueEntry[]> {
  return app.justListed?.pop() ?? (await context.openRepository(app)).list();
}

/** More manifests than any retention keeps; of older ones nothing new is learned. */
const manifestsReadMax = 200;

/**
 * The app that was named, else all: of the configuration where it has them. Where it has no database, the store's own; where it
 * has one and the environment alone names it, the store may know it by another name. Throws OpsError `usage` for an unknown name.
 */
export async function restorableApps(
  context: JobContext,
  name: string | undefined,
): Promise<readonly RestorableApp[]> {
  const configured = guardedApps(context.config);
  const [only, ...others] = configured;
  const isKnown = name === undefined || configured.some((app) => app.name === name);
  if (only === undefined) return named(await appsInStore(context), name, context);
  const mayBeAnother = others.length === 0 && only.layout === 'classic';
  if (!mayBeAnother) return isKnown ? selectedApps(context, name) : unconfigured(context, name);
  const listed = isKnown ? await (await context.openRepository(only)).list() : [];
  if (listed.some(isOurs)) return [{ ...only, justListed: [listed] }];
  const stored = await appsInStore(context, only.name);
  const found = name === undefined ? likeliest(stored, only) : stored.find((app) => app.name === name);
  if (found !== undefined) return [{ ...only, name: found.name, layout: found.layout, latest: found.latest }];
  if (name === undefined && stored.length > 1) throw severalStored(stored);
  return selectedApps(context, name);
}

/** An app that is not configured any more, or not here: the store may have it. Throws OpsError `usage` where it has not, either. */
async function unconfigured(context: JobContext, name: string): Promise<readonly RestorableApp[]> {
  try {
    const found = (await appsInStore(context)).find((app) => app.name === name);
    if (found !== undefined) return [found];
  } catch (error) {
    if (!(error instanceof OpsError) || context.signal.aborted) throw error;
    context.log.debug(`the store could not be asked for ${name}: ${error.message}`);
  }
  return selectedApps(context, name);
}

/** The only one; of several the one whose database was at the same path, unless that is more than one. */
function likeliest(stored: readonly RestorableApp[], only: GuardedApp): RestorableApp | undefined {
  const database = databaseOf(only);
  const fitting = stored.length === 1 ? stored : stored.filter(({ was }) => was === database);
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** The one app that is meant. */
export async function restorableApp(context: JobContext, name: string | undefined): Promise<RestorableApp> {
  const [app, ...others] = await restorableApps(context, name);
  if (app !== undefined && others.length === 0) return app;
  throw new OpsError(
    'usage',
    `cannot tell which app is meant: there are ${[app, ...others].map((one) => one?.name).join(', ')}`,
    { hint: 'name it with --app <name>' },
  );
}

/** Throws OpsError `usage` where nothing but the store says where the database goes: whoever writes the store must not. */
export function requirePlace({ name, isOnlyStored }: RestorableApp): void {
  if (isOnlyStored !== true) return;
  throw new OpsError('usage', `cannot restore ${name} in place: nothing here says where its database is`, {
    hint: `restore it to a new file: restore run latest --app ${name} --to /srv/${name}/${name}.db; or set DATABASE_PATH=/srv/${name}/${name}.db`,
  });
}

function named(
  apps: readonly RestorableApp[],
  name: string | undefined,
  { config }: JobContext,
): readonly RestorableApp[] {
  const found = name === undefined ? apps : apps.filter((app) => app.name === name);
  if (found.length > 0) return found;
  const known = apps.map((app) => app.name);
  if (known.length === 0)
    throw new OpsError('missing', 'cannot find anything to restore: the store has no backup', {
      hint: `is it the right store? ${config.source} names it: db-backup list`,
    });
  throw new OpsError(
    'usage',
    `cannot find the app ${JSON.stringify(name)}: the store has ${known.join(', ')}${didYouMean(name ?? '', known)}`,
    { hint: `name one of them: restore list --app ${known[0]}` },
  );
}

function severalStored(stored: readonly GuardedApp[]): OpsError {
  const names = stored.map(({ name }) => name);
  return new OpsError(
    'usage',
    `cannot tell which app is meant: the store has backups of ${names.join(', ')}`,
    {
      hint: `name it: restore list --app ${names[0]}`,
    },
  );
}

function isOurs({ state, named: byPerson }: CatalogueEntry): boolean {
  return state !== 'foreign' || byPerson === true;
}

/** Every app that the store has a file of, in the order of their names; files that nothing says it of are of `nameless`. */
async function appsInStore(context: JobContext, nameless = 'database'): Promise<RestorableApp[]> {
  const store = await context.openStore();
  const names = (await store.list('')).map(({ name }) => name);
  const apps = new Map<string, RestorableApp>();
  const folders = new Set(
    names.flatMap((name) => /^backups\/([^/]+)\/[^/]+\.(?:db|dump|pages)(?:\.age)?$/.exec(name)?.[1] ?? []),
  );
  for (const app of folders) {
    if (!isAppName(app)) continue;
    const newest = names
      .filter((name) => name.startsWith(`backups/${app}/`) && name.endsWith('.json'))
      .at(-1);
    const manifest = newest === undefined ? undefined : await readManifest(store, newest);
    const newestData = names
      .filter((name) => name.startsWith(`backups/${app}/`) && !name.endsWith('.json'))
      .at(-1);
    const latest = defaultLatestName(app, manifest?.engine ?? engineByName(newestData ?? ''));
    const found = [latest, `${latest}.age`].find((each) => names.includes(each));
    apps.set(app, storedApp(app, 'app', manifest, found));
  }
  for (const [app, manifest] of await classicApps(store, names, nameless, context.config.timeZone)) {
    const latest = names.includes('database.db') ? 'database.db' : undefined;
    if (!apps.has(app)) apps.set(app, storedApp(app, 'classic', manifest, latest));
  }
  return [...apps.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** In the classic layout the name of a file does not say whose it is: its manifest does. */
async function classicApps(
  store: Store,
  names: readonly string[],
  nameless: string,
  timeZone: string,
): Promise<Map<string, AnyManifest | undefined>> {
  const files = names.filter(
    (name) => parseBackupName(name, { layout: 'classic', app: '', timeZone }) !== undefined,
  );
  const apps = new Map<string, AnyManifest | undefined>();
  for (const file of files.slice(-manifestsReadMax)) {
    const manifest = names.includes(manifestName(file))
      ? await readManifest(store, manifestName(file))
      : undefined;
    if (manifest !== undefined) apps.set(manifest.app, manifest);
  }
  if (apps.size === 0 && files.length > 0) apps.set(nameless, undefined);
  return apps;
}

/** What everybody can read of a backup. */
type AnyManifest = Manifest | SealedManifest;

async function readManifest(store: Store, name: string): Promise<AnyManifest | undefined> {
  try {
    return parseAnyManifest(Buffer.from(await store.read(name)).toString(), name);
  } catch (error) {
    if (error instanceof OpsError && error.kind !== 'unavailable') return undefined; // the list says what is wrong with it
    throw error;
  }
}

function storedApp(
  name: string,
  layout: GuardedApp['layout'],
  manifest: AnyManifest | undefined,
  latest: string | undefined,
): RestorableApp {
  // Where it was is sealed with the rest.
  const was = manifest === undefined || isSealed(manifest) ? undefined : manifest.source;
  const isDumped = (manifest?.engine ?? engineByName(latest ?? '')) === 'postgres';
  return {
    name,
    layout,
    latest,
    formats: ['plain'],
    pages: usualPages,
    everyMs: undefined,
    keep: { last: 1, hourly: 0, daily: 0, weekly: 0, monthly: 0 },
    guard: usualGuard,
    lockFile: undefined,
    expect: usualExpectations,
    services: { units: [], stop: undefined, start: undefined, timeoutMs: 0 },
    health: undefined,
    isOnlyStored: true,
    ...(was === undefined ? {} : { was }),
    ...(isDumped ? noServer(name) : noFile(was ?? `/${name}.db`)),
  };
}

/** What an app has beside what all have. */
type Own<App extends GuardedApp> = Omit<App, Exclude<keyof FileApp & keyof PostgresApp, 'engine'>>;

function noFile(database: string): Own<FileApp> {
  const nothing = { export: undefined, import: undefined, maintain: undefined, delta: undefined };
  return { engine: 'sqlite', database, ...nothing, serve: undefined, standby: undefined };
}

function noServer(name: string): Own<PostgresApp> {
  return {
    engine: 'postgres',
    urlFile: undefined,
    readTarget() {
      throw new OpsError('config', `cannot reach a PostgreSQL server for ${name}: nothing here names one`, {
        hint: `write postgres_url_file = "/path" in [apps.${name}]: docs/operations.md#an-app-with-postgresql`,
      });
    },
  };
}

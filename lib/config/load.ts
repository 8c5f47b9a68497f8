// Finds the configuration and completes it: from a file or, in the same way, from the environment alone.
import { resolve } from 'node:path';
import type { Layout } from '../backup/name.ts';
import { OpsError, systemError } from '../base/errors.ts';
import type { ErrorKind } from '../base/exit-code.ts';
import { readSmallFileSync } from '../files/read-small-file.ts';
import type { Config } from './config.ts';
import { runDirectory, stateDirectory } from './directories.ts';
import { type Environment, nonEmpty } from './environment.ts';
import { knownEnvFileFor, withEnvFile } from './env-file.ts';
import { keptOf, type LastGood, readLastGood, stateWithoutFile } from './last-good.ts';
import { configurationFile, defaultPath, settingsBytesMax } from './known-place.ts';
import { parseWritten } from './parse.ts';
import { requirePlain, requirePlainVariables } from './plain-text.ts';
import { type ConfigFile, fileSchema, keptSchema } from './schema.ts';
import { alertsConfig } from './sections/alerts.ts';
import { isPostgresUrl } from './postgres-url.ts';
import { classic } from './sections/app-database.ts';
import { appsConfig, appsFromEnvironment } from './sections/apps.ts';
import { encryptionConfig, withSealedLatest } from './sections/encryption.ts';
import { explorerConfig } from './sections/explorer.ts';
import { healthConfig } from './sections/health.ts';
import { postgresConfig } from './sections/health-postgres.ts';
import { historyConfig } from './sections/history.ts';
import { proxyConfig } from './sections/proxy.ts';
import { namesMaster, pullsConfig } from './sections/pulls.ts';
import { receiveConfig } from './sections/receive.ts';
import { replicasConfig } from './sections/replicas.ts';
import { storeConfig } from './sections/store.ts';
import { timeConfig } from './sections/time.ts';

/** Where to look. */
export interface Place {
  /** `--config`. */
  path?: string | undefined;
  /** `--env-file`: its variables go before those of the environment. */
  envFile?: string | undefined;
  environment?: Environment | undefined;
  /** Whether a store is enough: what is to be restored need not be known here. */
  storeIsEnough?: boolean | undefined;
  /** Whether a PostgreSQL database that DATABASE_URL names is. */
  databaseUrlIsEnough?: boolean | undefined;
  /** Whether nothing at all is. */
  nothingIsNeeded?: boolean | undefined;
}

/**
 * Loads the configuration: the file named by `path`, else by `$HOLDFAST_CONFIG`, else /etc/holdfast/holdfast.toml, else the
 * environment alone, which is enough for one app; where that names no database, an environment file that is known.
 *
 * Throws OpsError `config` with every problem, `denied`, or `refused` for a file that somebody else may have written.
 */
export function loadConfig({
  path,
  envFile,
  environment: given = process.env,
  storeIsEnough = false,
  databaseUrlIsEnough = false,
  nothingIsNeeded = false,
}: Place = {}): Config {
  requirePlain(path, '--config');
  requirePlain(envFile, '--env-file');
  const environment = envFile === undefined ? given : withEnvFile(given, resolve(envFile));
  const file = configurationFile(path, environment);
  const found =
    file === undefined
      ? fromEnvironment(environment, envFile, { storeIsEnough, databaseUrlIsEnough, nothingIsNeeded })
      : fromFile(file, environment);
  requirePlainVariables(found.environment);
  return deepFreeze(complete(found, envFile));
}

/**
 * The configuration of alerts as it was when the one of `place` could last be read, and since when it is so; undefined where
 * nothing was kept of it.
 */
export function loadLastGood(place: Place): { config: Config; readAt: Date } | undefined {
  const environment = place.environment ?? process.env;
  const path = place.path ?? nonEmpty(environment.HOLDFAST_CONFIG);
  const file = path === undefined ? undefined : resolve(path);
  const named = {
    config: file === defaultPath ? undefined : file,
    envFile: place.envFile === undefined ? undefined : resolve(place.envFile),
  };
  const found = readLastGood(environment, named);
  return (
    found && {
      config: deepFreeze(complete(foundAgain(found, environment), place.envFile)),
      readAt: found.readAt,
    }
  );
}

function foundAgain({ source, named, file, settings }: LastGood, environment: Environment): Found {
  const isFile = named.config !== undefined || source === defaultPath;
  const read = () => ({ file, written: settings });
  return { source, layout: isFile ? 'app' : classic.layout, environment, read };
}

/** What was found, before what it leaves out is added. */
interface Found {
  source: string;
  layout: Layout;
  environment: Environment;
  read(): Written;
}

/** A file, and what was written there before any default was added. */
interface Written {
  file: ConfigFile;
  written: unknown;
}

function fromFile(path: string, environment: Environment): Found {
  return { source: path, layout: 'app', environment, read: () => parseWritten(readText(path), path) };
}

/** One app from the names that earlier scripts used, in a file that says no more: it has the defaults of every file. */
function fromEnvironment(
  given: Environment,
  envFile: string | undefined,
  {
    storeIsEnough,
    databaseUrlIsEnough,
    nothingIsNeeded,
  }: { storeIsEnough: boolean; databaseUrlIsEnough: boolean; nothingIsNeeded: boolean },
): Found {
  const known = knownEnvFileFor(given, envFile);
  const environment = known?.environment ?? given;
  const source = known?.path ?? (envFile === undefined ? 'the environment' : resolve(envFile));
  const read = () => {
    // With a store alone there is nothing to guard, and all that it has to restore.
    const apps =
      appsFromEnvironment(environment) ??
      (storeIsEnough && namesStore(environment) ? { store: {} } : undefined) ??
      (databaseUrlIsEnough ? watchedApp(environment) : undefined);
    // A machine that only follows a master guards nothing of its own.
    if (apps === undefined && (nothingIsNeeded || namesMaster(environment)))
      return { file: keptSchema.parse({}), written: {} };
    if (apps === undefined) throw nothingToGuard(source, environment);
    return { file: fileSchema.parse({ apps }), written: { apps } };
  };
  return { source, layout: classic.layout, environment, read };
}

/** An app of which nothing is known but that it has such a database, and is called like it. */
function watchedApp(environment: Environment): Record<string, object> | undefined {
  const [database] = postgresConfig(undefined, environment);
  return database && { [database.name]: {} };
}

function namesStore(environment: Environment): boolean {
  const names = ['HOLDFAST_STORE', 'DROPBOX_REFRESH_TOKEN', 'DROPBOX_ACCESS_TOKEN', 'DROPBOX_APP_KEY'];
  return names.some((name) => nonEmpty(environment[name]) !== undefined);
}

function nothingToGuard(source: string, environment: Environment): OpsError {
  const where =
    source === 'the environment' ? 'DATABASE_PATH is not set' : `${source} does not set DATABASE_PATH`;
  return new OpsError(
    'config',
    `cannot find a database to guard: there is no configuration file, and ${where}`,
    {
      hint: isPostgresUrl(environment.DATABASE_URL ?? '')
        ? `a PostgreSQL database is backed up where ${defaultPath} names the file with its address: postgres_url_file in [apps.<name>] (sample: etc/examples/traitortrack)`
        : `set DATABASE_PATH=/path/to/app.db, name a file that does with --env-file <path>, or write ${defaultPath} (sample: etc/holdfast.toml)`,
    },
  );
}

function complete({ source, layout, environment, read }: Found, envFile: string | undefined): Config {
  const { file, written } = read();
  const state = stateDirectory(file, environment);
  const time = timeConfig(file, environment);
  const encryption = encryptionConfig(file.encryption);
  const apps = withSealedLatest(appsConfig(file.apps, layout, environment), encryption);
  const isNamed = layout === 'app' && source !== defaultPath;
  return {
    source,
    named: {
      config: isNamed ? source : undefined,
      envFile: envFile === undefined ? undefined : resolve(envFile),
    },
    apps,
    store: storeConfig(file.store, environment, state),
    stateDirectory: state,
    runDirectory: runDirectory(file, environment, state),
    ...time,
    proxy: proxyConfig(environment),
    encryption,
    health: healthConfig(file.health, environment, apps),
    history: historyConfig(file.history),
    explorer: explorerConfig(file.explorer),
    receive: receiveConfig(file.receive, environment),
    replicas: replicasConfig(file.replicas, environment),
    pulls: pullsConfig(file.pulls, environment, state),
    alerts: alertsConfig(file.alerts, environment, time.timeZone),
    kept: state === stateWithoutFile(environment) ? keptOf(written) : undefined,
  };
}

function readText(path: string): string {
  const called = `the configuration ${path}`;
  try {
    const options = { sizeBytesMax: settingsBytesMax, follow: true, called };
    return readSmallFileSync(path, options).toString('utf8');
  } catch (error) {
    const wrapped = systemError(`read ${called}`, error, { hint: withSudo });
    if (!(wrapped instanceof OpsError) || !unusable.includes(wrapped.kind)) throw wrapped;
    throw new OpsError('config', wrapped.message, {
      hint: 'name it with --config <path> or HOLDFAST_CONFIG, or start from etc/holdfast.toml',
      cause: error,
    });
  }
}

/** Of a file of root's. */
const withSudo = 'run it with sudo, or name a configuration of your own with --config <path>';

/** Not there, no file, or too large for what it should be. */
const unusable: ErrorKind[] = ['missing', 'refused', 'damaged'];

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}

// Finds the configuration and completes it: from a file or, in the same way, from the environment alone.
import { resolve } from 'node:path';
import type { Layout } from '../backup/name.ts';
import { OpsError, systemError } from '../base/errors.ts';
import type { ErrorKind } from '../base/exit-code.ts';
import { readSmallFileSync } from '../files/read-small-file.ts';
import type { Config } from './config.ts';
import { type Environment, nonEmpty } from './environment.ts';
import { environmentFileHint } from './environment-file-hint.ts';
import { stands } from './known-place.ts';
import { parseConfigFile } from './parse.ts';
import { requirePlain, requirePlainVariables } from './plain-text.ts';
import { type ConfigFile, fileSchema } from './schema.ts';
import { alertsConfig } from './sections/alerts.ts';
import { classic } from './sections/app-database.ts';
import { appsConfig, appsFromEnvironment } from './sections/apps.ts';
import { runDirectory, stateDirectory } from './sections/directories.ts';
import { proxyConfig } from './sections/proxy.ts';
import { storeConfig } from './sections/store.ts';
import { timeConfig } from './sections/time.ts';

/** Where the configuration is unless something else is said. */
export const defaultPath = '/etc/holdfast/holdfast.toml';

/**
 * Loads the configuration: the file named by `path` (`--config`), else by `$HOLDFAST_CONFIG`, else
 * /etc/holdfast/holdfast.toml, else the environment alone, which is enough for one app.
 *
 * Throws OpsError `config` with every problem, or `denied`.
 */
export function loadConfig(
  options: { path?: string | undefined; environment?: Environment | undefined } = {},
): Config {
  const environment = options.environment ?? process.env;
  const named = options.path ?? nonEmpty(environment.HOLDFAST_CONFIG);
  requirePlain(options.path, '--config');
  requirePlainVariables(environment);
  const path = named ?? (stands(defaultPath) ? defaultPath : undefined);
  return deepFreeze(
    complete(path === undefined ? fromEnvironment(environment) : fromFile(resolve(path)), environment),
  );
}

const configurationBytesMax = 1024 * 1024;

/** What was found, before what it leaves out is added. */
interface Found {
  source: string;
  layout: Layout;
  file: ConfigFile;
}

function fromFile(path: string): Found {
  return { source: path, layout: 'app', file: parseConfigFile(readText(path), path) };
}

/** One app from the names that earlier scripts used, in a file that says no more: it has the defaults of every file. */
function fromEnvironment(environment: Environment): Found {
  const apps = appsFromEnvironment(environment);
  if (apps === undefined) throw nothingToGuard();
  return { source: 'the environment', layout: classic.layout, file: fileSchema.parse({ apps }) };
}

function nothingToGuard(): OpsError {
  return new OpsError(
    'config',
    'cannot find a database to guard: there is no configuration file, and DATABASE_PATH is not set',
    {
      hint:
        environmentFileHint() ??
        `set DATABASE_PATH=/path/to/app.db, or write ${defaultPath} (sample: etc/holdfast.toml)`,
    },
  );
}

function complete({ source, layout, file }: Found, environment: Environment): Config {
  const state = stateDirectory(file, environment);
  const time = timeConfig(file);
  return {
    source,
    apps: appsConfig(file.apps, layout),
    store: storeConfig(file.store, environment, state),
    stateDirectory: state,
    runDirectory: runDirectory(file, environment, state),
    ...time,
    alerts: alertsConfig(file.alerts, environment, time.timeZone),
    proxy: proxyConfig(environment),
  };
}

function readText(path: string): string {
  const called = `the configuration ${path}`;
  try {
    const options = { sizeBytesMax: configurationBytesMax, follow: true, called };
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

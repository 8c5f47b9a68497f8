// What is to be installed for an app, found out and checked before anything is changed.
import { shellWord } from '../../lib/base/shell-word.ts';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { OpsError, systemError } from '../../lib/base/errors.ts';
import { type Config, type GuardedApp, isGuarded } from '../../lib/config/config.ts';
import { olderLock, settingsIn } from '../../lib/config/env-file.ts';
import type { Environment } from '../../lib/config/environment.ts';
import { defaultPath } from '../../lib/config/known-place.ts';
import { loadConfig } from '../../lib/config/load.ts';
import { readSmallFileSync } from '../../lib/files/read-small-file.ts';
import { appParts } from './app-parts.ts';
import type { DropIn } from './drop-in.ts';
import { type Hidden, hiddenPaths } from './neighbours.ts';
import { Problems } from './problems.ts';
import { examineStoreDirectory, type StoreDirectory } from './store-directory.ts';
import {
  checkPrivate,
  missingAlertFiles,
  postgresCredentials,
  presentAlertCredentials,
  storeCredentials,
} from './secret-files.ts';

const stateDirectory = '/var/lib/holdfast';
const settingsBytesMax = 1024 * 1024;

/** What is asked for, with what an earlier installation was asked for. */
export interface Request {
  app: string;
  root: string;
  user: string;
  configPath: string | undefined;
  /** What it was in the installation before. */
  installedConfigFile: string | undefined;
  environmentFile: string | undefined;
}

/** What was found. */
export interface Examined {
  dropIn: DropIn;
  /** The directory that is the store, where it needs looking after. */
  store: StoreDirectory | undefined;
  /** Through which people are told when a job fails: `ntfy`, `Slack`. */
  channels: readonly string[];
  /** No unit reaches one: it shows only what is started in its session. */
  namesDesktop: boolean;
  /** Files with secrets of theirs that are not there yet. */
  missing: readonly string[];
  /** Undefined where an environment file is all there is. */
  configFile: string | undefined;
  /** What each app of the configuration is not to see of the others. */
  hidden: Hidden;
}

/** Throws OpsError `config` with everything that is in the way at once. */
export function examine(request: Request): Examined {
  const { app, root, user } = request;
  const problems = new Problems();
  const environmentFile = environmentFileOf(request);
  if (environmentFile !== undefined) checkPrivate(root, environmentFile, problems);
  const environment = problems.attempt(() => variablesOf(root, environmentFile));
  const configFile = environment && configFileOf(request, environment, problems);
  const config = environment && problems.attempt(() => configOf(request, configFile, environment));
  const found = config && guardedApp(config, app, problems);
  const parts = found && appParts({ root, user }, found, problems);
  const store = config && examineStoreDirectory({ root, user, stateDirectory }, config, problems);
  const credentials = config === undefined ? [] : storeCredentials(root, config.store);
  const ofOthers = [
    ...presentAlertCredentials(root, config?.alerts),
    ...postgresCredentials(root, config?.health.postgres ?? []),
  ];
  for (const { path } of [...credentials, ...ofOthers]) checkPrivate(root, path, problems);
  if (config !== undefined) {
    checkReadable(request, configFile, problems);
    checkDropboxAccess(
      config,
      credentials.map(({ name }) => name),
      problems,
    );
  }
  problems.requireNone(app);
  if (found === undefined || parts === undefined || config === undefined)
    throw new Error('what is missing was not noted as a problem');
  const writes = [...parts.writes, ...(config.store.kind === 'directory' ? [config.store.path] : [])];
  const dropIn = {
    ...parts,
    app,
    user,
    writes: [...new Set(writes)].filter((path) => !`${path}/`.startsWith(`${stateDirectory}/`)),
    configPath: unlessUsual(configFile),
    environmentFile,
    credentials: [...credentials, ...parts.credentials],
    lockFile: found.lockFile,
  };
  return {
    dropIn,
    store,
    configFile,
    channels: channelsOf(config),
    namesDesktop: config.alerts?.desktop !== undefined,
    missing: missingAlertFiles(root, config.alerts),
    hidden: hiddenPaths(config),
  };
}

/** The units of an app back its database up. */
function guardedApp({ source, apps }: Config, app: string, problems: Problems): GuardedApp | undefined {
  const found = apps.find(({ name }) => name === app);
  if (found !== undefined && isGuarded(found)) return found;
  if (found === undefined)
    problems.add(`${source} has no app ${app}`, `name one of: ${apps.map(({ name }) => name).join(', ')}`);
  else
    problems.add(
      `${source} names no database of ${app}: there is nothing to back up`,
      `give it one, or no units`,
    );
  return undefined;
}

function channelsOf({ alerts }: Config): string[] {
  const { ntfy, slack, ping } = alerts ?? {};
  return [ntfy && 'ntfy', slack && 'Slack', ping && "the dead-man's switch"].filter(
    (one) => one !== undefined,
  );
}

/** What a unit has to be told of where the configuration is. */
export function unlessUsual(configFile: string | undefined): string | undefined {
  return configFile === defaultPath ? undefined : configFile;
}

/** The named one, or the one that the script before Holdfast had. */
function environmentFileOf({ root, app, environmentFile }: Request): string | undefined {
  const usual = `/etc/${app}-db-sync.env`;
  return environmentFile ?? (existsSync(join(root, usual)) ? usual : undefined);
}

function variablesOf(root: string, path: string | undefined): Record<string, string> {
  if (path === undefined) return {};
  const lock = olderLock(path);
  return {
    ...(lock === undefined ? {} : { HOLDFAST_LOCK_FILE: lock }),
    ...settingsIn(path, read(join(root, path), path)),
  };
}

/** In a unit what the environment file says wins. */
function configFileOf(
  { root, configPath, installedConfigFile }: Request,
  { HOLDFAST_CONFIG: named }: Environment,
  problems: Problems,
): string | undefined {
  if (configPath !== undefined && named !== undefined && configPath !== named)
    problems.add(
      `the environment file names another configuration, ${named}`,
      `take HOLDFAST_CONFIG out of it, or --config away`,
    );
  const usual = existsSync(join(root, defaultPath)) ? defaultPath : undefined;
  return named ?? configPath ?? unlessUsual(installedConfigFile) ?? usual;
}

/** As the unit will see it: its state and its app's name are fixed. */
function configOf({ root, app }: Request, path: string | undefined, variables: Environment): Config {
  const environment = {
    ...variables,
    HOLDFAST_APP: app,
    HOLDFAST_STATE: stateDirectory,
    HOLDFAST_CONFIG: '',
  };
  if (path === undefined && variables.DATABASE_PATH === undefined)
    throw new OpsError(
      'config',
      `cannot find a configuration: there is neither ${defaultPath} nor /etc/${app}-db-sync.env`,
      {
        hint: `install -D -m 644 etc/holdfast.toml ${defaultPath}, and say in it what to guard`,
      },
    );
  return loadConfig({ path: path === undefined ? undefined : join(root, path), environment });
}

/** The jobs read the configuration as a user of their own; no secret belongs in it. */
function checkReadable({ root, user }: Request, path: string | undefined, problems: Problems): void {
  if (user === 'root' || path === undefined || !existsSync(join(root, path))) return;
  if ((statSync(join(root, path)).mode & 0o004) === 0)
    problems.add(
      `the user ${user} may not read ${path}, which should hold no secret`,
      `chmod 644 ${shellWord(path)}`,
    );
}

/** The same question that the run will ask, with the credentials counted as there. */
function checkDropboxAccess({ store }: Config, credentials: readonly string[], problems: Problems): void {
  if (store.kind !== 'dropbox') return;
  const given = problems.attempt(() => store.readCredentials());
  if (given === undefined) return;
  const has = (name: string, value: string | undefined) => value !== undefined || credentials.includes(name);
  const mayEnter =
    has('dropbox-access-token', given.accessToken) ||
    (has('dropbox-app-key', given.appKey) && has('dropbox-refresh-token', given.refreshToken));
  if (!mayEnter)
    problems.add(
      'Dropbox would not let the jobs in: there is no app key with a refresh token',
      'sudo db-backup link',
    );
}

function read(path: string, shown: string): string {
  try {
    return readSmallFileSync(path, {
      sizeBytesMax: settingsBytesMax,
      follow: true,
      called: shown,
    }).toString();
  } catch (error) {
    throw systemError(`read ${shown}`, error);
  }
}

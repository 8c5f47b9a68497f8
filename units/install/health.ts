// What the checks need, one unit for all apps: the groups of their databases, their directories, and the secrets of the store.
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Config, fileApps, postgresApps } from '../../lib/config/config.ts';
import { loadConfig } from '../../lib/config/load.ts';
import { parseEnvFile } from '../../lib/config/parse-env-file.ts';
import { readSmallFileSync } from '../../lib/files/read-small-file.ts';
import { groupName } from './accounts.ts';
import type { AppPlace } from './alerts.ts';
import type { HealthSettings } from './drop-in.ts';
import { unlessUsual } from './examine.ts';
import { postgresCredentials, serverCredentials, storeCredentials } from './secret-files.ts';

const stateDirectory = '/var/lib/holdfast';
const settingsBytesMax = 1024 * 1024;

/**
 * Of the configuration file of all apps; where there are environment files alone, of the first of them, for these say
 * nothing of one another.
 */
export function healthSettings(root: string, user: string, apps: readonly AppPlace[]): HealthSettings {
  const inFile = apps.find(({ configFile }) => configFile !== undefined);
  const place = inFile ?? apps[0];
  const environmentFiles = apps.flatMap(({ environmentFile }) => environmentFile ?? []);
  const config = place === undefined ? undefined : configOf(root, place);
  if (place === undefined || config === undefined) return { ...nothing, user };
  const databases = fileApps(config).map(({ database }) => database);
  const documents = fileApps(config).flatMap(({ export: made }) =>
    made === undefined ? [] : [made.directory],
  );
  const stores = config.store.kind === 'directory' ? [config.store.path] : [];
  const writes = [...databases.map((path) => dirname(path)), ...stores, ...documents];
  return {
    user,
    app: inFile === undefined ? place.app : undefined,
    groups: groupsOf(root, [...databases, ...documents]),
    writes: [...new Set(writes)].filter((path) => !`${path}/`.startsWith(`${stateDirectory}/`)),
    configPath: unlessUsual(place.configFile),
    environmentFiles: inFile === undefined ? environmentFiles.slice(0, 1) : [...new Set(environmentFiles)],
    credentials: [
      ...storeCredentials(root, config.store),
      ...postgresCredentials(root, config.health.postgres),
      ...postgresApps(config).flatMap((app) => serverCredentials(root, app)),
    ],
  };
}

const nothing = {
  app: undefined,
  groups: [],
  writes: [],
  configPath: undefined,
  environmentFiles: [],
  credentials: [],
};

/** Undefined where it cannot be used: then the app that it belongs to says so. */
function configOf(root: string, { app, configFile, environmentFile }: AppPlace): Config | undefined {
  try {
    const variables =
      environmentFile === undefined
        ? {}
        : parseEnvFile(
            readSmallFileSync(join(root, environmentFile), {
              sizeBytesMax: settingsBytesMax,
              follow: true,
            }).toString(),
          ).variables;
    const environment = {
      ...variables,
      HOLDFAST_APP: app,
      HOLDFAST_STATE: stateDirectory,
      HOLDFAST_CONFIG: '',
    };
    return loadConfig({ path: configFile === undefined ? undefined : join(root, configFile), environment });
  } catch {
    return undefined;
  }
}

/** Those that have a name and are not root's. */
function groupsOf(root: string, paths: readonly string[]): string[] {
  const names = paths.flatMap((path) => {
    const found = statSync(join(root, path), { throwIfNoEntry: false });
    return found === undefined || found.gid === 0 ? [] : (groupName(root, found.gid) ?? []);
  });
  return [...new Set(names)];
}

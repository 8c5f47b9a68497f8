// What delivers alerts is one for all apps: which configuration it reads, and which secrets it is given.
import { join } from 'node:path';
import { OpsError } from '../../lib/base/errors.ts';
import { type Config, postgresApps } from '../../lib/config/config.ts';
import { loadConfig } from '../../lib/config/load.ts';
import type { AlertSettings } from './drop-in.ts';
import { unlessUsual } from './examine.ts';
import { presentAlertCredentials, serverCredentials, storeCredentials } from './secret-files.ts';

/** Where the settings of one installed app are. */
export interface AppPlace {
  app: string;
  environmentFile: string | undefined;
  configFile: string | undefined;
}

/** Throws OpsError `config` where the apps are in several configurations, of which one would not be heard. */
export function alertSettings(root: string, apps: readonly AppPlace[]): AlertSettings {
  const configFile = oneConfigFile(apps);
  const config = sharedConfig(root, apps);
  const credentials = presentAlertCredentials(root, config?.alerts);
  const environments = apps.flatMap(({ app, environmentFile: path }) =>
    path === undefined ? [] : [{ app, path }],
  );
  const ofStore = config === undefined ? [] : storeCredentials(root, config.store);
  const ofServers =
    config === undefined ? [] : postgresApps(config).flatMap((app) => serverCredentials(root, app));
  const secretFiles = [...credentials, ...ofStore, ...ofServers, ...environments].map(({ path }) => path);
  return {
    configPath: unlessUsual(configFile),
    credentials,
    secretFiles: [...new Set(secretFiles)],
    ntfyServer: config?.alerts?.ntfy?.server,
    environments,
  };
}

/** The one configuration of all apps; undefined where environment files are all there is. */
export function sharedConfig(root: string, apps: readonly AppPlace[]): Config | undefined {
  const path = oneConfigFile(apps);
  return path === undefined ? undefined : loadConfig({ path: join(root, path), environment: {} });
}

function oneConfigFile(apps: readonly AppPlace[]): string | undefined {
  const inFiles = apps.filter(({ configFile }) => configFile !== undefined);
  const [first] = inFiles;
  const other = inFiles.find(({ configFile }) => configFile !== first?.configFile);
  if (first === undefined || other === undefined) return first?.configFile;
  throw new OpsError(
    'config',
    `cannot let alert-send, one for all apps, read both ${first.configFile} (${first.app}) and ${other.configFile} (${other.app})`,
    { hint: 'put all apps of this machine into one file, and name it with --config for each' },
  );
}

// The names in a configuration, and where its state is, read without looking at anything else in it: a shell that completes a
// word waits for them.
import { resolve } from 'node:path';
import { isAppName } from '../backup/name.ts';
import { readSmallFileSync } from '../files/read-small-file.ts';
import { stateDirectory } from './directories.ts';
import { knownEnvFileFor, withEnvFile } from './env-file.ts';
import type { Environment } from './environment.ts';
import { configurationFile, settingsBytesMax } from './known-place.ts';
import type { Place } from './load.ts';
import { parseToml } from './toml.ts';

export interface KnownNames {
  /** Of a file; the environment alone has one app, and gives it no name. */
  apps: string[];
  pulls: string[];
  replicas: string[];
  stateDirectory: string;
}

/** Looks where `loadConfig` looks. Throws where there is a configuration that cannot be read, or is no TOML. */
export function knownNames({
  path,
  envFile,
  environment: given,
}: Pick<Place, 'path' | 'envFile'> & { environment: Environment }): KnownNames {
  const environment = envFile === undefined ? given : withEnvFile(given, resolve(envFile));
  const file = configurationFile(path, environment);
  const table = file === undefined ? {} : tableIn(file);
  const state = typeof table.state_directory === 'string' ? table.state_directory : undefined;
  return {
    apps: namesOf(table.apps),
    pulls: namesOf(table.pulls),
    replicas: namesOf(table.replicas),
    stateDirectory: stateDirectory(
      { state_directory: state },
      (file === undefined ? knownEnvFileFor(environment, envFile)?.environment : undefined) ?? environment,
    ),
  };
}

function tableIn(path: string): Record<string, unknown> {
  const text = readSmallFileSync(path, { sizeBytesMax: settingsBytesMax, follow: true }).toString('utf8');
  return parseToml(text, path) as Record<string, unknown>;
}

/** What is no name of ours a command would refuse, and a shell might take for something else. */
function namesOf(table: unknown): string[] {
  return typeof table === 'object' && table !== null ? Object.keys(table).filter(isAppName) : [];
}

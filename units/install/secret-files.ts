// Which files the jobs get their secrets from. systemd reads them as root and hands each job a copy of its own.
import { shellWord } from '../../lib/base/shell-word.ts';
import { lstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode, systemError } from '../../lib/base/errors.ts';
import type { AlertsConfig, Config, FileApp, PostgresApp, StoreConfig } from '../../lib/config/config.ts';
import type { ShipConfig } from '../../lib/config/export-config.ts';
import { credentialsDirectory } from '../../lib/config/secrets.ts';
import type { PostgresSettings } from '../../lib/config/sections/health-postgres.ts';
import { readSmallFileSync } from '../../lib/files/read-small-file.ts';
import type { Problems } from './problems.ts';

const dropboxCredentials = [
  'dropbox-app-key',
  'dropbox-app-secret',
  'dropbox-refresh-token',
  'dropbox-access-token',
] as const;
const secretBytesMax = 64 * 1024;
const alertCredentials = ['ntfy-topic', 'ntfy-token', 'slack-webhook-url', 'ping-url'] as const;

/** A secret and the file it is loaded from. */
export interface Credential {
  name: string;
  path: string;
}

/** The secrets that are there, each once: below /etc/holdfast/credentials, else where the configuration says. */
export function storeCredentials(root: string, store: StoreConfig): Credential[] {
  if (store.kind === 'directory') return [];
  const elsewhere: Record<string, string | undefined> = {
    'dropbox-app-secret': store.appSecretFile,
    'dropbox-refresh-token': store.refreshTokenFile,
  };
  return present(root, dropboxCredentials, elsewhere);
}

/** The same of the channels of alerts. */
export function presentAlertCredentials(root: string, alerts: AlertsConfig | undefined): Credential[] {
  return present(root, alertCredentials, namedFor(alerts));
}

/** The files that the configuration names for the channels of alerts, and that are not there yet. */
export function missingAlertFiles(root: string, alerts: AlertsConfig | undefined): string[] {
  const there = presentAlertCredentials(root, alerts).map(({ name }) => name);
  return Object.entries(namedFor(alerts)).flatMap(([name, path]) =>
    path === undefined || there.includes(name) ? [] : [path],
  );
}

function namedFor(alerts: AlertsConfig | undefined): Record<string, string | undefined> {
  return {
    'ntfy-topic': alerts?.ntfy?.topicFile,
    'ntfy-token': alerts?.ntfy?.tokenFile,
    'slack-webhook-url': alerts?.slack?.webhookUrlFile,
    'ping-url': alerts?.ping?.urlFile,
  };
}

/** What the explorer signs with, where somebody made it. */
export function explorerCredentials(root: string): Credential[] {
  return present(root, ['datasette-secret'], {});
}

/** The same of the reader that documents are shipped to. */
export function shipCredentials(root: string, ship: ShipConfig | undefined): Credential[] {
  if (ship === undefined) return [];
  const name = ship.reader.kind === 'ssh' ? 'ship-identity' : 'ship-password';
  return present(root, [name], { 'ship-identity': ship.identityFile, 'ship-password': ship.passwordFile });
}

/** The same of the receiver of an app's changes. */
export function deltaCredentials(
  root: string,
  { name, delta }: Pick<FileApp, 'name' | 'delta'>,
): Credential[] {
  const credential = `delta-key-${name}`;
  return delta === undefined ? [] : present(root, [credential], { [credential]: delta.keyFile });
}

/** The same of the master of an app's replicas. */
export function serveCredentials(root: string, { serve }: Pick<FileApp, 'serve'>): Credential[] {
  if (serve?.tls === undefined) return [];
  return present(root, ['serve-private-key'], { 'serve-private-key': serve.tls.key });
}

/** The same of the PostgreSQL databases that are watched. */
export function postgresCredentials(
  root: string,
  databases: readonly Pick<PostgresSettings, 'name' | 'passwordFile'>[],
): Credential[] {
  const passwords = databases.flatMap(({ name, passwordFile }) => {
    const credential = `postgres-${name}-password`;
    return present(root, [credential], { [credential]: passwordFile });
  });
  return [...passwords, ...present(root, ['database-url'], {})];
}

/** The same of the database of an app that is a server's. */
export function serverCredentials(
  root: string,
  { name, urlFile }: Pick<PostgresApp, 'name' | 'urlFile'>,
): Credential[] {
  const [url, password] = [`app-${name}-postgres-url`, `app-${name}-postgres-password`];
  return present(root, [url, password], { [url]: urlFile });
}

/** What is in one, for who installs: it is said of it where it is, and not what it is. */
export function readSecretFile(root: string, path: string): string {
  try {
    const options = { sizeBytesMax: secretBytesMax, follow: true, called: path };
    return readSmallFileSync(join(root, path), options).toString('utf8').trim();
  } catch (error) {
    throw systemError(`read the secret in ${path}`, error);
  }
}

/** The same of the services that belong to no app. */
export const serviceCredentials = {
  receive(root: string, { receive, replicas }: Pick<Config, 'receive' | 'replicas'>): Credential[] {
    const key =
      receive?.tls === undefined
        ? []
        : present(root, ['receive-private-key'], { 'receive-private-key': receive.tls.key });
    const passwords = replicas.flatMap(({ target, name }) => {
      if (target.kind !== 'postgres') return [];
      const [url, password] = [`replica-${name}-postgres-url`, `replica-${name}-postgres-password`];
      return present(root, [url, password], {});
    });
    return [...key, ...passwords];
  },
  pull(root: string, { keyFile }: Pick<Config['pulls'][number], 'keyFile'>): Credential[] {
    return present(root, ['pull-key'], { 'pull-key': keyFile });
  },
};

function present(
  root: string,
  names: readonly string[],
  elsewhere: Record<string, string | undefined>,
): Credential[] {
  return names.flatMap((name) => {
    const path = [join(credentialsDirectory, name), elsewhere[name]].find(
      (candidate) => candidate !== undefined && isThere(join(root, candidate)),
    );
    return path === undefined ? [] : [{ name, path }];
  });
}

/** Notes a file that is no plain file, is not root's, or that others may read, with the command that helps. */
export function checkPrivate(root: string, path: string, problems: Problems): void {
  const found = problems.attempt(() => {
    try {
      return statSync(join(root, path));
    } catch (error) {
      throw systemError(`read the secret in ${path}`, error);
    }
  });
  if (found === undefined) return;
  if (!found.isFile()) problems.add(`${path} is not a plain file`);
  if ((found.mode & 0o077) !== 0)
    problems.add(`others than root may read ${path}`, `chmod 600 ${shellWord(path)}`);
  if (found.uid !== 0)
    problems.add(`${path} belongs to user ${found.uid}, not root`, `chown root:root ${path}`);
}

function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return false;
  }
}

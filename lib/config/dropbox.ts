// The Dropbox store's settings, from the file and the environment.
import { join } from 'node:path';
import { OpsError } from '../base/errors.ts';
import type { DropboxStoreConfig } from './config.ts';
import { type Environment, nonEmpty } from './environment.ts';
import type { ConfigFile } from './schema.ts';
import { readSecret, type SecretPlace } from './secrets.ts';

type DropboxTable = Partial<Extract<ConfigFile['store'], { kind: 'dropbox' }>>;

/** What is missing in the file has its default here as well: the environment alone is enough. */
export function dropboxConfig(
  table: DropboxTable,
  environment: Environment,
  stateDirectory: string,
): DropboxStoreConfig {
  const refreshTokenFile =
    table.refresh_token_file ?? join(stateDirectory, 'secrets', 'dropbox-refresh-token');
  const secret = (place: Omit<SecretPlace, 'environment'>) => readSecret({ ...place, environment });
  return {
    kind: 'dropbox',
    origin: dropboxOrigin(environment),
    folder: table.folder ?? '',
    timeoutMs: (table.timeout_seconds ?? 60) * 1000,
    deadlineMs: (table.deadline_minutes ?? 360) * 60_000,
    retriesMax: table.retries ?? 8,
    limitBytesPerSecond: table.limit,
    appSecretFile: table.app_secret_file,
    refreshTokenFile,
    readCredentials: () => ({
      appKey: table.app_key ?? secret({ credential: 'dropbox-app-key', variable: 'DROPBOX_APP_KEY' }),
      appSecret: secret({
        credential: 'dropbox-app-secret',
        file: table.app_secret_file,
        variable: 'DROPBOX_APP_SECRET',
      }),
      refreshToken: secret({
        credential: 'dropbox-refresh-token',
        file: table.refresh_token_file,
        fileIfThere: refreshTokenFile,
        variable: 'DROPBOX_REFRESH_TOKEN',
      }),
      accessToken: secret({ credential: 'dropbox-access-token', variable: 'DROPBOX_ACCESS_TOKEN' }),
    }),
  };
}

/**
 * `$HOLDFAST_DROPBOX_URL`: one origin for all of Dropbox's hosts. Tokens go there, so in the clear only to this very
 * machine.
 */
function dropboxOrigin(environment: Environment): string | undefined {
  const text = nonEmpty(environment.HOLDFAST_DROPBOX_URL);
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isLoopback = url !== undefined && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  const isPlace = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback);
  if (isPlace && url.origin === text.replace(/\/$/, '')) return url.origin;
  throw new OpsError(
    'config',
    'cannot use HOLDFAST_DROPBOX_URL: it must be an origin such as http://127.0.0.1:8080, and https unless it is this machine',
    { hint: 'unset it to use Dropbox itself' },
  );
}

// `[store]` of kind `dropbox`: copies go to Dropbox.
import { join } from 'node:path';
import { z } from 'zod';
import { OpsError } from '../../base/errors.ts';
import type { DropboxStoreConfig } from '../config.ts';
import { type Environment, nonEmpty } from '../environment.ts';
import { readSecret, type SecretOrigin } from '../secrets.ts';
import { absolutePath, rate, seconds, storeId } from './values.ts';

const dropboxFolder = z
  .string()
  .regex(/^(?:\/[^/\\\p{Cc}]*[^/\\\p{Cc} .])+$/u, 'must be a path such as "/pi", without a slash at its end')
  .refine((path) => !path.split('/').includes('..'), 'must not hold ".."');

export const dropboxStore = z.strictObject({
  kind: z.literal('dropbox').describe('copies go to Dropbox'),
  id: storeId,
  folder: dropboxFolder.default('').describe("everything lies below it; the app's own root unless given"),
  app_key: z.string().min(1).optional().describe('$DROPBOX_APP_KEY unless given; not a secret'),
  app_secret_file: absolutePath
    .optional()
    .describe('holds the app secret; an app linked with PKCE needs none'),
  refresh_token_file: absolutePath
    .optional()
    .describe('holds the refresh token, mode 600; db-backup link writes it'),
  limit: rate.optional().describe('at most so much per second, such as "2 MB/s"'),
  timeout_seconds: seconds.default(60).describe('a request without a byte for so long has failed'),
  deadline_minutes: z
    .number()
    .positive('must be more than 0')
    .max(10_080, 'must be at most a week')
    .default(360)
    .describe('a run that takes longer fails'),
  retries: z
    .int('must be a whole number')
    .min(0, 'must not be negative')
    .max(100, 'must be at most 100')
    .default(8)
    .describe('how often a request is made again after a failure that may pass'),
});

/**
 * The table that the environment stands for, where it asks for Dropbox. Off-site copies were asked for then: keeping
 * them on the same disk instead would be a failure that nobody is told.
 */
export function dropboxFromEnvironment(environment: Environment): z.infer<typeof dropboxStore> | undefined {
  const isAsked = ['DROPBOX_REFRESH_TOKEN', 'DROPBOX_ACCESS_TOKEN', 'DROPBOX_APP_KEY'].some(
    (name) => nonEmpty(environment[name]) !== undefined,
  );
  return isAsked ? dropboxStore.parse({ kind: 'dropbox' }) : undefined;
}

/** Throws OpsError `config` where `$HOLDFAST_DROPBOX_URL` is none. The secrets are read later, when they are asked for. */
export function dropboxConfig(
  table: z.infer<typeof dropboxStore>,
  environment: Environment,
  stateDirectory: string,
): DropboxStoreConfig {
  const refreshTokenFile =
    table.refresh_token_file ?? join(stateDirectory, 'secrets', 'dropbox-refresh-token');
  const secret = (place: Omit<SecretOrigin, 'environment'>) => readSecret({ ...place, environment });
  return {
    kind: 'dropbox',
    id: table.id,
    origin: dropboxOrigin(environment),
    folder: table.folder,
    timeoutMs: table.timeout_seconds * 1000,
    deadlineMs: table.deadline_minutes * 60_000,
    retriesMax: table.retries,
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

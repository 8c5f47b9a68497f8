// Access tokens: short-lived, in memory only, fetched with the refresh token, once for all who wait for one.
import { OpsError } from '../../base/errors.ts';
import type { Clock } from '../../base/clock.ts';
import { failureOfReply, parseBody, strangerFailure } from './failure.ts';
import type { Transport } from './transport.ts';

/** What the operator gave, from wherever it was kept. */
export interface DropboxCredentials {
  appKey: string | undefined;
  /** Not needed by an app that was linked with PKCE. */
  appSecret: string | undefined;
  refreshToken: string | undefined;
  /** Works alone, for the four hours it lives. */
  accessToken: string | undefined;
}

/** Where every request gets its token. */
export interface Tokens {
  /** A token that should be valid. Throws OpsError `denied`, or DropboxFailure. */
  current(signal: AbortSignal): Promise<string>;
  /** Forgets a token that Dropbox rejected, so that `current` gets another. Throws OpsError `denied` when there is none. */
  reject(rejected: string): void;
}

const tokenUrl = 'https://api.dropboxapi.com/oauth2/token';

/** A token is renewed when this much of its life is over, so that a long upload does not begin with its last second. */
const usableShare = 0.9;

/** Throws OpsError `denied` when there is nothing to get a token with. */
export function createTokens(credentials: DropboxCredentials, transport: Transport, clock: Clock): Tokens {
  const { appKey, refreshToken, accessToken } = credentials;
  if (refreshToken === undefined) return accessToken === undefined ? noTokens() : singleToken(accessToken);
  if (appKey === undefined) {
    throw new OpsError(
      'config',
      'cannot use the Dropbox refresh token: the key of the app it belongs to is missing',
      {
        hint: 'set DROPBOX_APP_KEY, or app_key under [store]',
      },
    );
  }
  return refreshedTokens({ ...credentials, appKey, refreshToken }, transport, clock);
}

/** How to get a new refresh token, in every message that needs it. */
export const linkHint = 'link this machine with Dropbox again: db-backup link';

function noTokens(): never {
  throw new OpsError('denied', 'cannot use Dropbox: this machine is not linked with it', {
    hint: 'link it: db-backup link',
  });
}

/** An access token alone cannot be renewed: rejected once, it is over. */
function singleToken(accessToken: string): Tokens {
  return {
    current: () => Promise.resolve(accessToken),
    reject() {
      throw new OpsError(
        'denied',
        'cannot use Dropbox: DROPBOX_ACCESS_TOKEN is not accepted; such a token lives four hours',
        {
          hint: 'link this machine for good: db-backup link',
        },
      );
    },
  };
}

function refreshedTokens(
  credentials: DropboxCredentials & { appKey: string; refreshToken: string },
  transport: Transport,
  clock: Clock,
): Tokens {
  let token: { text: string; usableUntilMs: number } | undefined;
  let refreshing: Promise<string> | undefined;
  const refresh = async (signal: AbortSignal): Promise<string> => {
    const { appKey, appSecret, refreshToken } = credentials;
    const reply = await requestToken(
      transport,
      {
        grant_type: 'refresh_token',
        refresh_token: refreshToken,
        client_id: appKey,
        ...(appSecret === undefined ? {} : { client_secret: appSecret }),
      },
      signal,
    );
    // By the monotonic clock: a wrong time of day must not make a good token look expired, or the other way round.
    const usableMs = (reply.expiresInSeconds ?? 14_400) * 1000 * usableShare;
    token = { text: reply.accessToken, usableUntilMs: clock.monotonicMs() + usableMs };
    return token.text;
  };
  const refreshOnce = (signal: AbortSignal) =>
    (refreshing ??= refresh(signal).finally(() => (refreshing = undefined)));
  return {
    async current(signal) {
      if (token !== undefined && clock.monotonicMs() < token.usableUntilMs) return token.text;
      return refreshOnce(signal);
    },
    reject(rejected) {
      // Another call may have been quicker, and this one is about the token before.
      if (token?.text === rejected) token = undefined;
    },
  };
}

/** What the token endpoint gives. */
export interface TokenReply {
  accessToken: string;
  refreshToken: string | undefined;
  expiresInSeconds: number | undefined;
  scope: string | undefined;
}

/**
 * Asks for a token. Everything travels in the body: in an address, secrets would end in the logs of proxies. Throws
 * OpsError `denied` when Dropbox says no, or DropboxFailure.
 */
export async function requestToken(
  transport: Transport,
  form: Record<string, string>,
  signal: AbortSignal,
): Promise<TokenReply> {
  const response = await transport.exchange({
    url: tokenUrl,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
    signal,
  });
  const text = await response.text();
  if (!response.ok) {
    // A refusal may quote what was sent.
    const said = withoutSecrets(text, form);
    throw refusalOf(response.status, parseBody(said)) ?? failureOfReply(response, said);
  }
  const body = parseBody(text);
  const { access_token, refresh_token, expires_in, scope } = (body ?? {}) as Record<string, unknown>;
  if (typeof access_token !== 'string' || access_token === '')
    throw strangerFailure('a reply without a token');
  return {
    accessToken: access_token,
    refreshToken: typeof refresh_token === 'string' ? refresh_token : undefined,
    expiresInSeconds: typeof expires_in === 'number' && expires_in > 0 ? expires_in : undefined,
    scope: typeof scope === 'string' ? scope : undefined,
  };
}

/** OAuth errors are final: asking again would only draw attention. */
function refusalOf(status: number, body: unknown): OpsError | undefined {
  if (status !== 400 && status !== 401) return undefined;
  const { error, error_description } = (typeof body === 'object' && body !== null ? body : {}) as Record<
    string,
    unknown
  >;
  if (typeof error !== 'string') return undefined;
  const said = typeof error_description === 'string' ? error_description.slice(0, 200) : error;
  if (error === 'invalid_client' || error === 'unauthorized_client' || /client_id|client_secret/.test(said)) {
    return new OpsError(
      'denied',
      `cannot use Dropbox: it does not accept the app's key and secret (${said})`,
      {
        hint: 'compare DROPBOX_APP_KEY and DROPBOX_APP_SECRET with the app console: https://www.dropbox.com/developers/apps',
      },
    );
  }
  return new OpsError('denied', `cannot use Dropbox: ${said}`, { hint: linkHint });
}

const secretFields = ['refresh_token', 'client_secret', 'code', 'code_verifier'];

function withoutSecrets(text: string, form: Record<string, string>): string {
  const secrets = secretFields.map((name) => form[name] ?? '').filter((value) => value.length >= 8);
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
}

// Access tokens: short-lived, in memory only, fetched with the refresh token, once for all who wait for one.
import { OpsError } from '../../base/errors.ts';
import type { Clock } from '../../base/clock.ts';
import type { Fields } from '../../record/fields.ts';
import { DropboxFailure, failureOfReply, parseBody, strangerFailure } from './failure.ts';
import { readReply } from './replies.ts';
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
  if (!isToken(accessToken)) {
    throw new OpsError('denied', 'cannot use DROPBOX_ACCESS_TOKEN: it holds what no token holds', {
      hint: 'link this machine for good: db-backup link',
    });
  }
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
    const usableMs = livingSeconds(reply.expiresInSeconds) * 1000 * usableShare;
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

/** How long a token is said to live: never so short that each call would need another. Dropbox's own word is the 401. */
function livingSeconds(said: number): number {
  return said > 0 ? Math.min(Math.max(said, 60), 14_400) : 14_400;
}

/** What the token endpoint gives. */
export interface TokenReply {
  accessToken: string;
  refreshToken: string | undefined;
  /** NaN, and anything else that a number can be, where it says nothing of use. */
  expiresInSeconds: number;
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
  return readReply(parseBody(text), (fields) => ({
    accessToken: tokenIn(fields),
    refreshToken: fields.optional('refresh_token') === undefined ? undefined : fields.text('refresh_token'),
    expiresInSeconds: Number(fields.optional('expires_in')),
    scope: fields.optional('scope') === undefined ? undefined : fields.string('scope'),
  }));
}

/** It is sent in a header: what does not fit into one is no token, and would be shown by whoever refuses it. */
function tokenIn(fields: Fields): string {
  const token = fields.text('access_token');
  if (isToken(token)) return token;
  throw strangerFailure('a reply with an odd token');
}

/** What a token is made of (RFC 6750). */
function isToken(text: string): boolean {
  return /^[\w.~+/=-]{1,8192}$/.test(text);
}

/** What is refused for now, and not for good. */
const passing = ['temporarily_unavailable', 'server_error', 'slow_down'];

/** OAuth errors are final, but for these: asking again would only draw attention. */
function refusalOf(status: number, body: unknown): Error | undefined {
  if (status !== 400 && status !== 401) return undefined;
  const { error, error_description } = (typeof body === 'object' && body !== null ? body : {}) as Record<
    string,
    unknown
  >;
  if (typeof error !== 'string') return strangerFailure(`HTTP ${status} without Dropbox's words`);
  if (passing.includes(error)) return new DropboxFailure('server', `HTTP ${status}: ${error}`, { status });
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

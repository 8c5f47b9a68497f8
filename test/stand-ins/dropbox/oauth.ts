// /oauth2/authorize and /oauth2/token.
import type { IncomingHttpHeaders } from 'node:http';
import type { Incoming } from './incoming.ts';
import { json, plainText, type Reply } from './replies.ts';
import type { RequestLogEntry } from './request-log.ts';
import type { Service } from './service.ts';
import { accessTokenSeconds, matchesChallenge } from './tokens.ts';

/** Parameters that must never stand in a URL, where every proxy writes them down. */
const secrets = ['refresh_token', 'client_secret', 'code', 'code_verifier'];

interface OAuthCall {
  service: Service;
  request: RequestLogEntry;
  url: URL;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export function answerOAuth(service: Service, incoming: Incoming, body: Buffer): Reply {
  const { request, url, message } = incoming;
  const call = { service, request, url, headers: message.headers, body };
  const endpoint = `${message.method} ${url.pathname}`;
  if (endpoint === 'GET /oauth2/authorize') return authorizePage(call);
  if (endpoint === 'POST /oauth2/token') return tokenEndpoint(call);
  return plainText(404, 'Not found');
}

/** A person who clicks "Allow" at once: the code as JSON, as a page for browsers, or by redirection. */
function authorizePage({ service, url, headers, request }: OAuthCall): Reply {
  const query = url.searchParams;
  request.argument = Object.fromEntries(query);
  if (query.get('client_id') !== service.account.appKey) return plainText(400, 'Invalid client_id');
  if (query.get('response_type') !== 'code') return plainText(400, 'Unsupported response_type');
  const method = query.get('code_challenge_method') ?? 'plain';
  if (method !== 'S256' && method !== 'plain') return plainText(400, 'Invalid code_challenge_method');
  const scopes = query.get('scope')?.split(/[ +]/) ?? [...service.appScopes];
  const unknown = scopes.find((scope) => !service.appScopes.includes(scope));
  if (unknown !== undefined) return plainText(400, `Invalid scope "${unknown}"`);
  const redirectUri = query.get('redirect_uri') ?? undefined;
  const { code } = service.tokens.newCode({
    scopes,
    challenge: query.get('code_challenge') ?? undefined,
    challengeMethod: method,
    offline: query.get('token_access_type') === 'offline',
    redirectUri,
  });
  if (redirectUri !== undefined) {
    const target = new URL(redirectUri);
    target.searchParams.set('code', code);
    if (query.has('state')) target.searchParams.set('state', query.get('state') ?? '');
    return { status: 302, headers: { Location: target.href }, body: Buffer.alloc(0) };
  }
  if (!(headers.accept ?? '').includes('text/html')) return json({ code });
  const page = `<!doctype html><title>Dropbox</title><p>Enter this code into the app to finish the process.</p><input readonly value="${code}">`;
  return { status: 200, headers: { 'Content-Type': 'text/html; charset=utf-8' }, body: Buffer.from(page) };
}

function tokenEndpoint(call: OAuthCall): Reply {
  const given = parameters(call);
  const { grant_type: grantType, client_id: clientId, scope } = given;
  call.request.argument = {
    grant_type: grantType,
    client_id: clientId,
    ...(scope === undefined ? {} : { scope }),
  };
  for (const name of secrets) {
    if (!call.url.searchParams.has(name)) continue;
    call.service.violations.add('secret-in-url', call.request, `${name} in the query string`);
  }
  if (grantType === 'authorization_code') return exchangeCode(call.service, given);
  if (grantType === 'refresh_token') return refresh(call.service, given);
  return oauthError('unsupported_grant_type', 'grant_type must be authorization_code or refresh_token');
}

function exchangeCode({ account, tokens, clock }: Service, given: Record<string, string>): Reply {
  const code = tokens.codes.get(given.code ?? '');
  if (given.client_id !== account.appKey) return invalidClient();
  if (code === undefined || code.used || clock.now() >= code.expiresAt) {
    return oauthError('invalid_grant', "code doesn't exist or has expired");
  }
  if (given.redirect_uri !== code.redirectUri) return oauthError('invalid_grant', 'redirect_uri mismatch');
  if (code.challenge === undefined) {
    if (given.client_secret !== account.appSecret) return invalidClient();
  } else if (given.code_verifier === undefined || !/^[A-Za-z0-9._~-]{43,128}$/.test(given.code_verifier)) {
    return oauthError('invalid_grant', 'invalid code verifier');
  } else if (!matchesChallenge(code, given.code_verifier)) {
    return oauthError('invalid_grant', 'invalid code verifier');
  }
  if (given.client_secret !== undefined && given.client_secret !== account.appSecret) return invalidClient();
  tokens.codes.set(code.code, { ...code, used: true });
  const refreshToken = code.offline ? tokens.newRefresh(code.scopes).token : undefined;
  const access = tokens.newAccess({
    scopes: code.scopes,
    ...(refreshToken === undefined ? {} : { refreshToken }),
  });
  return json({
    access_token: access.token,
    token_type: 'bearer',
    expires_in: accessTokenSeconds,
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    scope: code.scopes.join(' '),
    uid: account.uid,
    account_id: account.accountId,
  });
}

function refresh({ account, tokens }: Service, given: Record<string, string>): Reply {
  if (given.client_id !== account.appKey) return invalidClient();
  // An app that linked with PKCE has no secret to send; a wrong one is refused all the same.
  if (given.client_secret !== undefined && given.client_secret !== account.appSecret) return invalidClient();
  const token = given.refresh_token ?? '';
  if (!/^[\w-]{20,}$/.test(token)) return oauthError('invalid_grant', 'refresh token is malformed');
  const stored = tokens.refresh.get(token);
  if (stored === undefined || stored.revoked) {
    return oauthError('invalid_grant', 'refresh token is invalid or revoked');
  }
  const scopes = given.scope?.split(' ') ?? stored.scopes;
  if (scopes.some((scope) => !stored.scopes.includes(scope))) {
    return oauthError('invalid_scope', 'requested scopes must be a subset of the granted ones');
  }
  const access = tokens.newAccess({ scopes, refreshToken: stored.token });
  return json({ access_token: access.token, token_type: 'bearer', expires_in: accessTokenSeconds });
}

/** Query, form body and Basic authorization, all of which Dropbox takes. */
function parameters({ url, headers, body }: OAuthCall): Record<string, string> {
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  const form = isForm ? body.toString() : '';
  const basic = /^Basic (\S+)$/i.exec(headers.authorization ?? '')?.[1];
  const [id, secret] = Buffer.from(basic ?? '', 'base64')
    .toString()
    .split(':');
  return {
    ...Object.fromEntries(url.searchParams),
    ...Object.fromEntries(new URLSearchParams(form)),
    ...(basic === undefined ? {} : { client_id: id ?? '', client_secret: secret ?? '' }),
  };
}

function invalidClient(): Reply {
  return oauthError('invalid_client', 'Invalid client_id or client_secret');
}

function oauthError(error: string, description: string): Reply {
  return json({ error, error_description: description }, 400);
}

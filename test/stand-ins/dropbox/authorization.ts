// Who calls: 400 in plain text for a call without proper credentials or an app without the scope, 401 in JSON for a
// token that is not good (any more).
import type { IncomingHttpHeaders } from 'node:http';
import { badCall, errorEnvelope, Refusal, type Tagged } from './replies.ts';
import type { Route } from './routes.ts';
import type { Service } from './service.ts';
import type { AccessToken } from './tokens.ts';

const appId = 5550123;

/** The token of a call, checked; undefined where the route needs none. Throws a Refusal. */
export function authorize(
  service: Service,
  route: Route,
  given: { headers: IncomingHttpHeaders; url: URL },
): AccessToken | undefined {
  if (route.auth === 'none') return undefined;
  const header = given.headers.authorization ?? given.url.searchParams.get('authorization') ?? undefined;
  if (header === undefined) {
    const problem = 'Must provide HTTP header "Authorization" or URL parameter "authorization".';
    throw badCall(route.name, problem);
  }
  if (route.auth === 'app') {
    checkApp(service, route, header);
    return undefined;
  }
  const token = /^Bearer (\S+)$/i.exec(header)?.[1];
  if (token === undefined) throw badAuthorization(route, header, 'Bearer <oauth2-access-token>');
  return checkToken(service, route, token);
}

function checkApp({ account }: Service, route: Route, header: string): void {
  const credentials = /^Basic (\S+)$/i.exec(header)?.[1];
  if (credentials === undefined) throw badAuthorization(route, header, 'Basic <base64(app_key:app_secret)>');
  if (Buffer.from(credentials, 'base64').toString() !== `${account.appKey}:${account.appSecret}`) {
    throw badCall(route.name, 'Invalid app key or app secret');
  }
}

function checkToken(service: Service, route: Route, given: string): AccessToken {
  const { tokens, clock, appScopes } = service;
  const token = tokens.access.get(given);
  if (token === undefined || token.revoked) throw unauthorized({ '.tag': 'invalid_access_token' });
  if (clock.now() >= token.expiresAt) throw unauthorized({ '.tag': 'expired_access_token' });
  if (route.scope !== undefined && !appScopes.includes(route.scope)) {
    const problem = `Your app (ID: ${appId}) is not permitted to access this endpoint because it does not have the required scope '${route.scope}'. The owner of the app can enable the scope for the app using the Permissions tab on the App Console.`;
    throw badCall(route.name, problem);
  }
  if (route.scope !== undefined && !token.scopes.includes(route.scope)) {
    throw unauthorized({ '.tag': 'missing_scope', required_scope: route.scope });
  }
  return token;
}

function unauthorized(error: Tagged): Refusal {
  const reply = errorEnvelope(error, 401);
  return new Refusal({ ...reply, headers: { ...reply.headers, 'WWW-Authenticate': 'Dropbox-API' } });
}

function badAuthorization(route: Route, header: string, expected: string): Refusal {
  const problem = `Invalid authorization value in HTTP header "Authorization": "${header}".  Expecting "${expected}".`;
  return badCall(route.name, problem);
}

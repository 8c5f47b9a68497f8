// From headers and body to a validated argument, with Dropbox's words for everything that is wrong.
import type { IncomingHttpHeaders } from 'node:http';
import { badCall } from './replies.ts';
import type { Route } from './routes.ts';
import { StoneProblem } from './stone.ts';

const corsHack = 'text/plain; charset=dropbox-cors-hack';

const contentTypes: Record<Route['style'], readonly string[]> = {
  rpc: ['application/json', 'application/json; charset=utf-8', corsHack],
  upload: ['application/octet-stream', corsHack],
  download: ['application/octet-stream', 'text/plain', 'text/plain; charset=utf-8', corsHack],
};

export interface RawCall {
  headers: IncomingHttpHeaders;
  url: URL;
  /** Of an rpc route. */
  body: Buffer;
}

/** Header bytes come as latin1 from Node; clients send UTF-8 in them, and Dropbox takes that. */
function headerArgument({ headers, url }: Pick<RawCall, 'headers' | 'url'>): {
  place: string;
  text: string | undefined;
} {
  const header = headers['dropbox-api-arg'];
  if (typeof header === 'string') return { place: 'HTTP header "Dropbox-API-Arg"', text: decode(header) };
  const parameter = url.searchParams.get('arg');
  if (parameter !== null) return { place: 'URL parameter "arg"', text: parameter };
  return { place: '', text: undefined };
}

/** The argument as the client sent it, for the log; undefined when it cannot be read. */
export function rawArgument(route: Route, call: RawCall): unknown {
  const text = route.style === 'rpc' ? call.body.toString() : headerArgument(call).text;
  try {
    return text === undefined || text === '' ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined; // the refusal says what is wrong with it
  }
}

/** Throws a Refusal with the exact text. */
export function parseArgument(route: Route, call: RawCall): Record<string, unknown> {
  checkContentType(route, call);
  if (call.headers['dropbox-api-path-root'] !== undefined) {
    throw badCall(route.name, 'Path root is not supported for sandbox app.');
  }
  const { place, value } = route.style === 'rpc' ? bodyValue(route, call) : headerValue(route, call);
  if (route.argument === null) {
    if (value !== null) throw badCall(route.name, `${place}: expected null, got object`);
    return {};
  }
  try {
    return route.argument(value) as Record<string, unknown>;
  } catch (error) {
    throw error instanceof StoneProblem ? badCall(route.name, `${place}: ${error.message}`) : error;
  }
}

function checkContentType(route: Route, { headers, body }: RawCall): void {
  const given = headers['content-type'];
  const mayBeAbsent = route.style === 'download' || (route.argument === null && body.length === 0);
  if (given === undefined && mayBeAbsent) return;
  if (contentTypes[route.style].includes((given ?? '').toLowerCase())) return;
  const expected = contentTypes[route.style].map((type) => `"${type}"`).join(', ');
  const what =
    given === undefined
      ? 'Missing HTTP "Content-Type" header.'
      : `Bad HTTP "Content-Type" header: "${given}".`;
  throw badCall(route.name, `${what}  Expecting one of ${expected}.`);
}

function bodyValue(route: Route, { body }: RawCall): { place: string; value: unknown } {
  const place = 'request body';
  if (route.argument === null && body.length === 0) return { place, value: null };
  return { place, value: parseJson(route, place, utf8(body)) };
}

function headerValue(route: Route, call: RawCall): { place: string; value: unknown } {
  const { place, text } = headerArgument(call);
  if (place === '') {
    throw badCall(route.name, 'Must provide HTTP header "Dropbox-API-Arg" or URL parameter "arg".');
  }
  return { place, value: parseJson(route, place, text) };
}

function parseJson(route: Route, place: string, text: string | undefined): unknown {
  try {
    if (text === undefined) throw new SyntaxError('not UTF-8');
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw badCall(route.name, `${place}: could not decode input as JSON`);
  }
}

function decode(header: string): string | undefined {
  return utf8(Buffer.from(header, 'latin1'));
}

function utf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined; // bytes that are no UTF-8 are no JSON either
  }
}

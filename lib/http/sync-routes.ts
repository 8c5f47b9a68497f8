// What a master answers its readers: who asks, what they want, and in which words. The server around it is sync-server.ts.
import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { errorMessage, OpsError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Served, Serving } from '../delta/serving.ts';
import { linesType } from '../delta/serving-lines.ts';
import { parseSince } from '../delta/since.ts';
import {
  beginAnew,
  changesEnvelope,
  exportEnvelope,
  schemaEnvelope,
  servedLines,
} from '../delta/sync-envelope.ts';
import { spool, type Spooled } from './spool.ts';
import { type Tokens, tokenSeconds } from './token.ts';

export interface SyncRequest {
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string | undefined;
}

export interface SyncAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Spooled;
  readonly retryAfterSeconds?: number;
}

export interface SyncOptions {
  readonly app: string;
  readonly version: string;
  readonly serving: Serving;
  /** The name of who has a key with this SHA-256; undefined for nobody. */
  readonly nameOf: (keyHash: string) => string | undefined;
  readonly tokens: Tokens;
  /** Ours alone, on a disk with room for all of the database. */
  readonly directory: string;
  /** How many listen to announcements now. */
  readonly listeners: () => number;
  readonly clock: Clock;
  readonly log: Log;
}

export interface SyncRoute {
  readonly method: 'GET' | 'POST';
  /** Who is answered with anything but 401 has shown a key that is known. */
  readonly needsKey?: boolean;
  readonly path: string;
  readonly handle: (request: SyncRequest) => Promise<SyncAnswer>;
}

/** What their clients ask for at most. */
const limitMax = 5000;
const limitUsual = 1000;
/**
 * Who asks with a time and no limit, as the clients of before do, knows no more pages, and sends the time of its own clock, taken
 * after the last answer: it is told all there is, and what was changed in the time before once more.
 */
const everything = Number.MAX_SAFE_INTEGER;
const overlapMs = 120_000;
/** When to ask a master again whose app keeps the database locked. */
const retrySeconds = 5;

/** A request that cannot be answered, in words for who asked. */
class Unanswered extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function syncRoutes(options: SyncOptions): SyncRoute[] {
  const { app, version, serving, tokens, clock, listeners } = options;
  const startedAt = clock.now();
  const open = (path: string, answer: (request: SyncRequest) => Promise<SyncAnswer>): SyncRoute => ({
    method: 'GET',
    path,
    handle: (request) => said(options, path, () => answer(request)),
  });
  const withKey = (path: string, answer: (request: SyncRequest) => Promise<SyncAnswer>) => ({
    needsKey: true,
    ...open(path, async (request) => {
      await requireReader(options, request);
      return answer(request);
    }),
  });
  return [
    open('/api/remote/health', async () => json({ status: 'healthy', timestamp: now(clock) })),
    open('/api/sync/schema', async () => json(schemaEnvelope(await serving.schema(), now(clock)))),
    withKey('/api/sync/full-export', (request) => fullExport(options, request)),
    withKey('/api/sync/changes', (request) => changes(options, request)),
    withKey('/api/remote/status', async () => {
      const { version: schema, tables } = await serving.schema();
      const served = { schema_version: schema, tables: tables.map(({ name }) => name) };
      const since = { started_at: startedAt.toISOString(), timestamp: now(clock) };
      return json({
        success: true,
        status: 'running',
        app,
        version,
        ...since,
        ...served,
        listeners: listeners(),
      });
    }),
    {
      method: 'POST',
      needsKey: true,
      path: '/api/remote/auth/token',
      handle: (request) =>
        said(options, '/api/remote/auth/token', async () => {
          const { keyHash } = requireKey(options, keyOf(request) ?? keyInBody(request));
          const { text, expiresAt } = await tokens.give(keyHash);
          const expires = { expires_in: tokenSeconds, expires_at: expiresAt.toISOString() };
          return json({ success: true, token: text, token_type: 'Bearer', ...expires });
        }),
    },
  ];
}

/** Whose request it is. Rejects for whoever is not known: a key in a header, or a token that still counts. */
export async function requireReader(
  options: Pick<SyncOptions, 'nameOf' | 'tokens'>,
  { headers }: Pick<SyncRequest, 'headers'>,
): Promise<string> {
  const key = keyOf({ headers });
  if (key !== undefined) return requireKey(options, key).name;
  const bearer = /^Bearer ([\w.-]+)$/i.exec(single(headers['authorization']) ?? '')?.[1];
  const keyHash = bearer === undefined ? undefined : await options.tokens.keyHashOf(bearer);
  // A key that was taken away takes its tokens with it.
  const name = keyHash === undefined ? undefined : options.nameOf(keyHash);
  if (name !== undefined) return name;
  const what = bearer === undefined ? 'an API key or a token is needed' : 'the token does not count any more';
  throw new Unanswered(401, what);
}

function requireKey(
  { nameOf }: Pick<SyncOptions, 'nameOf'>,
  key: string | undefined,
): { name: string; keyHash: string } {
  if (key === undefined) throw new Unanswered(401, 'an API key is needed');
  const keyHash = createHash('sha256').update(key).digest('hex');
  const name = nameOf(keyHash);
  if (name === undefined) throw new Unanswered(401, 'nobody here knows that API key');
  return { name, keyHash };
}

function keyOf({ headers }: Pick<SyncRequest, 'headers'>): string | undefined {
  return (
    single(headers['x-api-key']) ?? /^Bearer (hxb_\w+)$/i.exec(single(headers['authorization']) ?? '')?.[1]
  );
}

function keyInBody({ body = '' }: SyncRequest): string | undefined {
  try {
    const { api_key: key } = JSON.parse(body) as { api_key?: unknown };
    return typeof key === 'string' ? key : undefined;
  } catch {
    return undefined;
  }
}

async function fullExport(
  { serving, clock, directory }: SyncOptions,
  { query }: SyncRequest,
): Promise<SyncAnswer> {
  const at = now(clock);
  using served = await serving.all();
  return isExact(query)
    ? { status: 200, type: linesType, body: await spool(servedLines(served, 'all'), directory) }
    : { status: 200, type: jsonType, body: await spool(exportEnvelope(served, at), directory) };
}

async function changes(options: SyncOptions, { query }: SyncRequest): Promise<SyncAnswer> {
  const { serving, clock, directory } = options;
  const [cursor, since] = [query.get('cursor'), query.get('since')];
  const limit = limitOf(query.get('limit'), cursor === null ? everything : limitUsual);
  if (cursor === null && since === null)
    throw new Unanswered(400, 'cursor or since is missing: begin with /api/sync/full-export');
  if (cursor === null && isExact(query)) throw new Unanswered(400, 'exact rows need a cursor');
  const stamp = cursor === null ? parseSince(since ?? '', query.has('limit') ? 0 : overlapMs) : undefined;
  if (cursor === null && stamp === undefined) throw new Unanswered(400, 'since is no time in ISO 8601');
  const at = now(clock);
  using served: Served | undefined =
    cursor === null ? await serving.since(stamp ?? '', limit) : await serving.after(cursor, limit);
  if (served === undefined) return json(beginAnew(at));
  if (isExact(query))
    return { status: 200, type: linesType, body: await spool(servedLines(served, 'changes'), directory) };
  const body = await spool(changesEnvelope(served, served.nextSince ?? at), directory);
  return { status: 200, type: jsonType, body };
}

function limitOf(text: string | null, otherwise: number): number {
  if (text === null) return otherwise;
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0)
    throw new Unanswered(400, 'limit is a whole number from 1');
  return Math.min(Number(text), limitMax);
}

function isExact(query: URLSearchParams): boolean {
  return query.get('exact') === '1';
}

/** What is refused is said in their words; of what goes wrong inside the log has more than who asks. */
async function said(
  { log }: Pick<SyncOptions, 'log'>,
  path: string,
  answer: () => Promise<SyncAnswer>,
): Promise<SyncAnswer> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof Unanswered) return failure(error.status, error.message);
    if (!(error instanceof OpsError)) throw error;
    log.warn(`cannot answer ${path}: ${errorMessage(error)}`);
    if (error.kind !== 'unavailable')
      return failure(500, 'the master cannot read its database: its log says why');
    return {
      ...failure(503, 'the app keeps its database locked: try again'),
      retryAfterSeconds: retrySeconds,
    };
  }
}

const jsonType = 'application/json; charset=utf-8';

export function json(body: object): SyncAnswer {
  return { status: 200, type: jsonType, body: JSON.stringify(body) };
}

export function failure(status: number, message: string): SyncAnswer {
  return { ...json({ success: false, message }), status };
}

function now(clock: Clock): string {
  return clock.now().toISOString();
}

function single(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

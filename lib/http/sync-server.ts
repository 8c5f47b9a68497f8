// The server of a master: its routes and its announcements behind one address. Whoever sends or reads slowly on purpose is
// given up, and a body is small.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { errorCode, errorMessage, OpsError, systemError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { failure, type SyncAnswer, type SyncRoute } from './sync-routes.ts';
import { readPem } from './pem.ts';
import { type Strangers, strangerRetrySeconds } from './strangers.ts';

export interface SyncServerOptions {
  readonly host: string;
  readonly port: number;
  /** Undefined for plain HTTP. */
  readonly tls: { readonly certificate: string; readonly keyPath: () => string } | undefined;
  readonly routes: readonly SyncRoute[];
  /** What else listens on the same address. */
  readonly attach?: (server: Server) => void;
  /** Who asks without a key, where any of the routes needs one. */
  readonly strangers?: Strangers;
  readonly log: Log;
}

export interface SyncServer {
  readonly port: number;
  /** Takes no more, and returns when what was asked is answered. */
  close(): Promise<void>;
}

const limits = {
  bodyLimit: 16 * 1024,
  requestTimeout: 30_000,
  /** Without a byte in either direction. */
  connectionTimeout: 120_000,
  keepAliveTimeout: 75_000,
  forceCloseConnections: 'idle' as const,
  exposeHeadRoutes: false,
  logger: false,
  http: { maxHeaderSize: 8 * 1024, headersTimeout: 10_000 },
};

const connectionsMax = 200;

/** Listens. Throws OpsError `refused` where the address is taken, `config`, `denied`, `missing` for its certificate. */
export async function startSyncServer(options: SyncServerOptions): Promise<SyncServer> {
  const { host, port, tls, routes, attach, strangers, log } = options;
  const app = fastify({ ...limits, ...tlsOf(tls) }) as unknown as FastifyInstance;
  app.server.maxConnections = connectionsMax;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, text, done) => done(null, text));
  app.setNotFoundHandler(async (_request, reply) => send(reply, failure(404, 'there is no such thing here')));
  app.setErrorHandler(async (error, _request, reply) => send(reply, failed(error, log)));
  if (strangers !== undefined) app.server.on('connection', (socket: Socket) => strangers.connected(socket));
  for (const { method, path, handle, needsKey = false } of routes)
    app.route({
      method,
      url: path,
      handler: async ({ raw, ip, headers, body }, reply) => {
        const query = new URL(raw.url ?? '/', 'http://any').searchParams;
        const answer = await handle({ query, headers, body: body as string | undefined });
        if (!needsKey || strangers === undefined) return await send(reply, answer);
        if (answer.status !== 401) strangers.known(raw.socket);
        else if (!strangers.ask(ip)) return await send(reply.header('connection', 'close'), tooOften);
        return await send(reply, answer);
      },
    });
  attach?.(app.server);
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    throw cannotListen(host, port, error);
  }
  const address = app.server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: async () => await app.close(),
  };
}

const tooOften = {
  ...failure(429, 'too many requests without a key that is known'),
  retryAfterSeconds: strangerRetrySeconds,
};

interface Reply {
  code(status: number): Reply;
  header(name: string, value: string): Reply;
  send(body: unknown): Reply;
}

async function send(reply: Reply, { status, type, body, retryAfterSeconds }: SyncAnswer): Promise<Reply> {
  reply.code(status).header('content-type', type).header('cache-control', 'no-store');
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds));
  if (typeof body === 'string') return reply.send(body);
  return reply.header('content-length', String(body.sizeBytes)).send(body.stream());
}

/** Of what fastify refuses, that; of a mistake of ours, that it was one. */
function failed(error: unknown, log: Log): SyncAnswer {
  const status = (error as { statusCode?: unknown }).statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500)
    return failure(status, 'it is no request that anybody here understands');
  log.error(error instanceof Error ? (error.stack ?? error.message) : errorMessage(error));
  return failure(500, 'a mistake in Holdfast itself: the log of delta-serve has it');
}

function tlsOf(tls: SyncServerOptions['tls']) {
  if (tls === undefined) return {};
  const read = (path: string, what: string) => {
    try {
      return readPem(path);
    } catch (error) {
      throw systemError(`read the ${what} ${path}`, error, { hint: 'delta-serve cert makes both' });
    }
  };
  const cert = read(tls.certificate, 'certificate');
  const key = read(tls.keyPath(), 'private key');
  return { https: { cert, key, minVersion: 'TLSv1.2' as const, handshakeTimeout: 10_000 } };
}

function cannotListen(host: string, port: number, error: unknown): unknown {
  const where = `${host}:${port}`;
  if (errorCode(error) === 'EADDRINUSE')
    return new OpsError('refused', `cannot listen on ${where}: another program does`, {
      hint: `ss -ltnp 'sport = :${port}' names it`,
    });
  return systemError(`listen on ${where}`, error);
}

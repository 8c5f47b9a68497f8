// The server: who may ask, how often and how much, and answers that prove who gave them. What is refused is refused before
// any of its body is read; nothing that goes wrong inside is told outside.
import type { Socket } from 'node:net';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Clock } from '../base/clock.ts';
import { errorCode, errorMessage, OpsError, systemError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { ReceiveConfig } from '../config/delta-config.ts';
import { asked, type Asked, enteredOf, type Said, saidOf } from './asked.ts';
import { createDoor } from './door.ts';
import { answerHeader, proofOf } from './proof.ts';
import { readPem } from './pem.ts';

/** As the other files of the server see them. */
export type { FastifyReply as HttpReply, FastifyRequest as HttpRequest };

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** With `:name` for what is handed over as a parameter. */
  readonly path: string;
  /** `json` is read whole; `bytes` come as they arrive, when they are asked for. */
  readonly body: 'none' | 'json' | 'bytes';
  /** Throws ProtocolRefusal, OpsError and Said; all else is a mistake of ours. */
  readonly handle: (asked: Asked) => Promise<Said>;
}

export interface ServerOptions {
  readonly config: ReceiveConfig;
  readonly routes: readonly Route[];
  /** Whose key it is; undefined for nobody's. */
  readonly nameOf: (key: string) => string | undefined;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborts when no more is to be taken. */
  readonly signal: AbortSignal;
}

export interface RunningServer {
  readonly port: number;
  /** Takes no more, and returns when what was asked is answered. */
  close(): Promise<void>;
}

/** Listens. Throws OpsError `refused` where the address is taken, `config` for a certificate that is none. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config } = options;
  const app = createApp(options);
  try {
    await app.listen({ host: config.host, port: config.port, backlog: 511 });
  } catch (error) {
    throw cannotListen(config, error);
  }
  const address = app.server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : config.port,
    close: async () => await app.close(),
  };
}

/** What one connection may cost, in bytes and in time: whoever sends slowly on purpose is given up. */
const costs = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 10_000,
  // Also of a body that comes slowly: a piece of 8 MiB at 5 kB/s takes so long.
  requestTimeout: 30 * 60_000,
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 2000,
};

function createApp(options: ServerOptions): FastifyInstance {
  const { config, routes } = options;
  const tls = tlsOf(config);
  const app: FastifyInstance = fastify({
    bodyLimit: config.requestBytesMax,
    logger: false,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 64 },
    trustProxy: config.isBehindProxy ? 'loopback' : false,
    serverFactory: (handler) =>
      tls === undefined ? createServer(costs, handler) : createTlsServer({ ...costs, ...tls }, handler),
    clientErrorHandler: refuseConnection,
    frameworkErrors: (_error, _request, reply) => void say(reply, nonsense),
  });
  app.server.maxConnections = 2000;
  const door = createDoor(options);
  app.server.on('connection', (socket: Socket) => door.connected(socket));
  // Whoever asks first gets an answer first: what is refused is never sent.
  app.server.on('checkContinue', (request, response) => app.routing(request, response));
  app.addHook('onRequest', async (request, reply) => {
    const refused = door.enter(request);
    if (refused !== undefined) await say(reply, refused);
  });
  app.addHook('onSend', async (request, reply, payload) => {
    // A connection that is kept would keep the server from ending.
    if (options.signal.aborted) reply.header('connection', 'close');
    return prove(request, reply, payload);
  });
  takeBodies(app);
  app.setNotFoundHandler(async (_request, reply) =>
    say(reply, { status: 404, body: { message: 'there is no such thing here' } }),
  );
  app.setErrorHandler(async (error, request, reply) => say(reply, failed(error, request, options)));
  app.get('/health', async (_request, reply) =>
    say(reply, { status: 200, body: { ok: true, version: options.version } }),
  );
  for (const route of routes) addRoute(app, route, options);
  return app;
}

function addRoute(app: FastifyInstance, route: Route, { config, signal }: ServerOptions): void {
  app.route({
    method: route.method,
    url: route.path,
    handler: async (request, reply) => {
      if (route.body === 'json' && request.body === undefined)
        return await say(reply, { status: 415, body: { message: 'it has no body of JSON' } });
      const one = asked(request, reply, signal);
      // What is read whole fastify has measured.
      if (route.body === 'bytes' && (one.sizeBytes ?? 0) > config.requestBytesMax)
        return await say(reply, { status: 413, body: { message: wordsOf(413) } });
      return await say(reply, await route.handle(one));
    },
  });
}

/** No body is unpacked, and none but the two kinds is read. */
function takeBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) =>
    done(null, text),
  );
  app.addHook('preParsing', async (request, reply) => {
    const { 'content-encoding': encoding, 'content-type': type = '' } = request.headers;
    if (encoding !== undefined && encoding !== 'identity')
      return await say(reply, { status: 415, body: { message: 'a body is taken as it is, and not packed' } });
    if (request.headers.expect !== undefined && type.startsWith('application/json'))
      reply.raw.writeContinue();
    return undefined;
  });
}

/** The last that is done to an answer. A body that nobody has read is not waited for. */
function prove(request: FastifyRequest, reply: FastifyReply, payload: unknown): unknown {
  const { keyHash, challenge, source } = enteredOf(request);
  // Whoever tries keys pays for each with a connection.
  if (reply.statusCode === 429 && source === undefined) reply.header('connection', 'close');
  reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  if (keyHash !== undefined && challenge !== undefined && typeof payload === 'string')
    reply.header(answerHeader, proofOf(keyHash, { challenge, status: reply.statusCode, body: payload }));
  const isSmall = Number(request.headers['content-length'] ?? 0) <= 64 * 1024;
  const { 'transfer-encoding': chunked, expect } = request.headers;
  if (!request.raw.complete && (!isSmall || chunked !== undefined || expect !== undefined))
    reply.header('connection', 'close');
  return payload;
}

const nonsense = { status: 400, body: { message: 'it is no request that anybody here understands' } };

async function say(reply: FastifyReply, { status, body, retryAfterSeconds }: Said): Promise<FastifyReply> {
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds));
  return await reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify(body));
}

/** What is said of an error: of a refusal why, of ours only that it was one. The log has the rest. */
function failed(error: unknown, request: FastifyRequest, { log }: ServerOptions): Said {
  const said = saidOf(error);
  if (said !== undefined && !(error instanceof OpsError)) return said;
  const status = statusOf(error);
  if (status !== undefined) return { status, body: { message: wordsOf(status) } };
  const { source } = enteredOf(request);
  log.error(`cannot answer ${source ?? 'a request'}: ${errorMessage(error)}`);
  if (said !== undefined) return said;
  if (!(error instanceof OpsError) && error instanceof Error) log.error(error.stack ?? error.message);
  return { status: 500, body: { message: 'a mistake in Holdfast itself: the log of delta-receive has it' } };
}

/** Of what fastify itself refuses. */
function statusOf(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}

function wordsOf(status: number): string {
  if (status === 413) return 'it is larger than any request may be';
  if (status === 415) return 'its body is of a type that nobody here takes';
  return nonsense.body.message;
}

/** Before there is a request: in a few bytes, and nothing of what came is shown. */
function refuseConnection(error: Error, socket: Socket): void {
  const code = errorCode(error);
  const status =
    code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request';
  if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  // Only closed on our side it would stay open for as long as the other side likes.
  socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () =>
    socket.destroy(),
  );
}

function tlsOf({ tls }: ReceiveConfig) {
  if (tls === undefined) return undefined;
  const read = (path: string, what: string) => {
    try {
      return readPem(path);
    } catch (error) {
      throw systemError(`read the ${what} ${path}`, error, { hint: 'delta-receive cert makes both' });
    }
  };
  return {
    cert: read(tls.certificate, 'certificate'),
    key: read(tls.keyPath(), 'private key'),
    minVersion: 'TLSv1.2' as const,
    handshakeTimeout: 10_000,
  };
}

function cannotListen({ host, port }: ReceiveConfig, error: unknown): unknown {
  const where = `${host}:${port}`;
  if (errorCode(error) === 'EADDRINUSE')
    return new OpsError('refused', `cannot listen on ${where}: another program does`, {
      hint: `ss -ltnp 'sport = :${port}' names it`,
    });
  return systemError(`listen on ${where}`, error);
}

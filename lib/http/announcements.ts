// That something changed, told at once: a WebSocket that only says so. What changed is asked for as always, so a message that
// is lost, doubled or late does no harm.
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import type { Log } from '../base/log.ts';
import { networkReason } from '../base/network-reason.ts';
import { connectTo, type Destination } from './connection.ts';
import type { Strangers } from './strangers.ts';

const announcementsPath = '/api/sync/announcements';

export interface Announcer {
  /** To all who listen. */
  announce(message: object): void;
  listeners(): number;
  /** To be called some times a minute: whoever has not answered since the last time is let go. */
  checkListeners(): void;
  close(): void;
}

const listenersMax = 50;
/** Nobody has anything to say to a master. */
const payloadBytesMax = 1024;
/** Who does not read for so long that this much waits is let go. */
const waitingBytesMax = 64 * 1024;

/** Lets in whom `authorize` lets in. */
export function announcerOn(
  server: Server,
  authorize: (headers: IncomingMessage['headers']) => Promise<unknown>,
  strangers?: Strangers,
): Announcer {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: payloadBytesMax,
    perMessageDeflate: false,
    clientTracking: true,
  });
  const answered = new WeakSet<WebSocket>();
  sockets.on('connection', (socket) => {
    answered.add(socket);
    socket.on('pong', () => answered.add(socket)).on('error', () => socket.terminate());
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    if (request.url?.split('?')[0] !== announcementsPath) return refuse(socket, '404 Not Found');
    if (sockets.clients.size >= listenersMax) return refuse(socket, '503 Service Unavailable');
    authorize(request.headers).then(
      () => {
        strangers?.known(request.socket);
        sockets.handleUpgrade(request, socket, head, (opened) => sockets.emit('connection', opened, request));
      },
      () => {
        const isSlowed = strangers?.ask(request.socket.remoteAddress ?? '') === false;
        refuse(socket, isSlowed ? '429 Too Many Requests' : '401 Unauthorized');
      },
    );
  });
  return {
    announce(message) {
      const text = JSON.stringify(message);
      for (const socket of sockets.clients)
        if (socket.bufferedAmount > waitingBytesMax) socket.terminate();
        else socket.send(text);
    },
    listeners: () => sockets.clients.size,
    checkListeners() {
      for (const socket of sockets.clients) {
        if (!answered.delete(socket)) socket.terminate();
        else socket.ping();
      }
    },
    close() {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
    },
  };
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

export interface ListenOptions extends Destination {
  /** What proves who we are, anew for each connection. */
  readonly headers: () => Promise<Record<string, string>>;
  readonly onAnnouncement: () => void;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly log: Log;
}

const backoffMs = { first: 1000, max: 60_000 };
/** A master asks for a sign of life twice as often. */
const silenceMs = 90_000;

/**
 * Listens until the signal aborts, and connects again whenever the connection is gone, after a pause that nobody else takes
 * alike. Never rejects: without it everything works, only later.
 */
export async function listenForAnnouncements(options: ListenOptions): Promise<void> {
  const { wait, random, signal, log } = options;
  let pauseMs = backoffMs.first;
  while (!signal.aborted) {
    try {
      await listenOnce(options, () => (pauseMs = backoffMs.first));
      log.debug('the master has closed the connection for announcements');
    } catch (error) {
      if (!signal.aborted) log.debug(`no announcements: ${networkReason(error)}`);
    }
    try {
      await wait(pauseMs * (0.5 + random()), signal);
    } catch {
      return;
    }
    pauseMs = Math.min(pauseMs * 2, backoffMs.max);
  }
}

async function listenOnce(options: ListenOptions, opened: () => void): Promise<void> {
  const { to, headers, onAnnouncement, signal } = options;
  const connection = await connectTo(options, AbortSignal.any([signal, AbortSignal.timeout(silenceMs)]));
  const url = `ws://${to.host}${to.pathname.replace(/\/$/, '')}${announcementsPath}`;
  const socket = new WebSocket(url, {
    // Whoever is at its other end has been proven already.
    createConnection: () => connection,
    headers: await headers(),
    maxPayload: payloadBytesMax,
    perMessageDeflate: false,
    handshakeTimeout: 10_000,
    followRedirects: false,
  });
  const onAbort = () => socket.terminate();
  signal.addEventListener('abort', onAbort, { once: true });
  const silence = setTimeout(() => socket.terminate(), silenceMs);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.on('open', () => {
        opened();
        onAnnouncement(); // what was announced before nobody has heard
      });
      socket.on('message', () => {
        silence.refresh();
        onAnnouncement();
      });
      socket.on('ping', () => void silence.refresh());
      socket.on('error', reject).on('close', () => resolve());
    });
  } finally {
    clearTimeout(silence);
    signal.removeEventListener('abort', onAbort);
    socket.terminate();
  }
}

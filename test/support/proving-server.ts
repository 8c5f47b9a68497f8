// A server on 127.0.0.1 that a test scripts an answer at a time, proven or not, with or without TLS.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { hashOfKey, proofOf } from '../../lib/http/proof.ts';

export const testKey = `hfd_${'k'.repeat(40)}`;

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** What one request meets. */
export type Scripted = (request: IncomingMessage, response: ServerResponse, seen: Seen) => void;

export interface ProvingServer extends AsyncDisposable {
  readonly url: URL;
  readonly seen: Seen[];
  /** How many connections were made. */
  connections(): number;
  /** Ends all that are open. */
  drop(): void;
}

/** Each request meets the next of the script, and the last one again and again. */
export async function provingServer(
  script: readonly Scripted[],
  tls?: { cert: string; key: string },
): Promise<ProvingServer> {
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  let turn = 0;
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const answer = script[Math.min(turn++, script.length - 1)];
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('error', () => undefined);
    request.on('end', () => {
      const { method, url, headers } = request;
      const found = { method, url, headers, body: Buffer.concat(pieces) };
      seen.push(found);
      answer?.(request, response, found);
    });
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const drop = () => sockets.forEach((socket) => socket.destroy());
  return {
    url: new URL(`${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`),
    seen,
    connections: () => connections,
    drop,
    async [Symbol.asyncDispose]() {
      drop();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** As the receiver answers: with its proof. */
export function proven(status: number, body: unknown, headers: Record<string, string> = {}): Scripted {
  return (request, response) => {
    const text = JSON.stringify(body);
    const challenge = String(request.headers['x-holdfast-challenge']);
    const proof = proofOf(hashOfKey(testKey), { challenge, status, body: text });
    response.writeHead(status, { ...headers, 'x-holdfast-answer': proof }).end(text);
  };
}

/** As something else does that sits in between. */
export function stranger(status: number, body: string, headers: Record<string, string> = {}): Scripted {
  return (_request, response) => void response.writeHead(status, headers).end(body);
}

// Servers on loopback that do what no server should, byte by byte.
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { onTestFinished } from 'vitest';

/** What is done with a connection, once its request is there. */
export type Behave = (socket: Socket, request: string) => void;

/** Serves on a free port until the test is over, or it is closed. */
export async function serve(
  behave: Behave,
  tls?: TlsOptions,
): Promise<{ port: number; asked: string[]; close: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const asked: string[] = [];
  const onConnection = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', (bytes) => {
      asked.push(bytes.toString('latin1'));
      behave(socket, bytes.toString('latin1'));
    });
  };
  const server = tls === undefined ? createServer(onConnection) : createTlsServer(tls, onConnection);
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    });
  onTestFinished(close);
  return { port: (server.address() as { port: number }).port, asked, close };
}

/** A whole answer. */
export function reply(status: string, body: string | Buffer, headers: readonly string[] = []): Behave {
  const bytes = Buffer.from(body);
  const head = [`HTTP/1.1 ${status}`, `Content-Length: ${bytes.length}`, ...headers, '', ''].join('\r\n');
  return (socket) => void socket.end(Buffer.concat([Buffer.from(head), bytes]));
}

/** These bytes, and then the connection stays open. */
export function say(text: string): Behave {
  return (socket) => void socket.write(text);
}

/** The same again and again, as fast as it is taken, or every few milliseconds. */
export function flood(head: string, piece: string | Buffer, everyMs?: number): Behave {
  return (socket) => {
    socket.write(head);
    if (everyMs === undefined) {
      const more = (): void => {
        while (!socket.destroyed && socket.write(piece)) continue;
      };
      socket.on('drain', more);
      more();
    } else {
      const timer = setInterval(() => socket.write(piece), everyMs);
      socket.on('close', () => clearInterval(timer));
    }
  };
}

// An HTTP proxy on 127.0.0.1 that leads every tunnel to one port, whatever name was asked for, or has one answer to all.
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { onTestFinished } from 'vitest';

export interface TunnelProxy {
  readonly port: number;
  /** What was asked for: `reports.example:8790`, and who asked. */
  readonly asked: { target: string | undefined; identity: string | undefined }[];
}

/** Until the test is over. `answer` is said in the place of a tunnel; '' for nothing at all. */
export async function tunnelProxy(
  to: { port: number } | { answer: string },
  tls?: { cert: string; key: string },
): Promise<TunnelProxy> {
  const asked: TunnelProxy['asked'] = [];
  const sockets = new Set<Duplex>();
  const server = tls === undefined ? createServer() : createTlsServer(tls);
  server.on('connect', ({ url, headers }: IncomingMessage, socket: Duplex, head: Buffer) => {
    const given = headers['proxy-authorization']?.replace(/^Basic /, '');
    asked.push({ target: url, identity: given && Buffer.from(given, 'base64').toString() });
    socket.on('error', () => undefined);
    if ('answer' in to) return void (to.answer !== '' && socket.end(to.answer));
    const onward: Socket = connect(to.port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\nX-Via: little\r\n\r\n');
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    sockets.add(onward);
  });
  server.on('connection', (socket: Socket) => void sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, asked };
}

// A server on 127.0.0.1 that can be taken away with all its connections, and come back at the same port.
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

export class Listener {
  port: number;
  private server: Server | undefined;
  private readonly connections = new Set<Duplex>();

  constructor(port: number) {
    this.port = port;
  }

  async start(answer: RequestListener): Promise<void> {
    const server = createServer(answer);
    server.on('connection', (socket: Duplex) => {
      this.connections.add(socket);
      socket.on('close', () => this.connections.delete(socket));
      socket.on('error', () => undefined); // a client that is killed resets its connections
    });
    // Uploads over a slow line take longer than any default allows.
    Object.assign(server, { requestTimeout: 0, headersTimeout: 60_000, keepAliveTimeout: 60_000 });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.on('error', reject);
    server.listen(this.port, '127.0.0.1', resolve);
    await promise;
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  /** Serves a connection that somebody else accepted. */
  accept(socket: Duplex): void {
    this.server?.emit('connection', socket);
  }

  async stop(): Promise<void> {
    const { server } = this;
    if (server === undefined) return;
    this.server = undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    for (const connection of this.connections) connection.destroy();
    await promise;
  }
}

// For clients that insist on https and the real host names: a throw-away certificate authority, a TLS endpoint for
// api, content and notify.dropboxapi.com, and a CONNECT proxy that leads every tunnel there.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { promisify } from 'node:util';
import type { DropboxStandIn } from './stand-in.ts';

const run = promisify(execFile);
const hosts = ['api', 'content', 'notify'].map((name) => `${name}.dropboxapi.com`);

export class TlsProxy implements AsyncDisposable {
  /** For HTTPS_PROXY. */
  readonly url: string;
  /** The file that the client has to trust. */
  readonly certificateAuthority: string;
  private readonly proxy: Server;
  private readonly directory: string;
  private readonly tls: TlsServer;
  private readonly sockets = new Set<Duplex>();

  private constructor(proxy: Server, tls: TlsServer, directory: string) {
    this.proxy = proxy;
    this.tls = tls;
    this.directory = directory;
    this.url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    this.certificateAuthority = join(directory, 'ca.pem');
    proxy.on('connection', (socket: Duplex) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  static async start(standIn: DropboxStandIn): Promise<TlsProxy> {
    const directory = mkdtempSync(join(tmpdir(), 'dropbox-tls-'));
    await makeCertificates(directory);
    const tls = createTlsServer({
      key: readFileSync(join(directory, 'server.key')),
      cert: readFileSync(join(directory, 'server.pem')),
      ALPNProtocols: ['http/1.1'],
    });
    tls.on('secureConnection', (socket) => standIn.accept(socket));
    const proxy = createServer((_, response) => response.writeHead(405).end());
    proxy.on('connect', ({ url }: { url?: string }, socket: Duplex, head: Buffer) => {
      tunnel({ tls, socket, head, host: (url ?? '').replace(/:443$/, '') });
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    proxy.listen(0, '127.0.0.1', resolve);
    await promise;
    return new TlsProxy(proxy, tls, directory);
  }

  /** Serves one of the real names on a connection that somebody else accepted. */
  accept(socket: Duplex): void {
    this.tls.emit('connection', socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.proxy.close(() => resolve());
    for (const socket of this.sockets) socket.destroy();
    await promise;
    rmSync(this.directory, { recursive: true, force: true });
  }
}

interface Tunnel {
  tls: TlsServer;
  socket: Duplex;
  head: Buffer;
  host: string;
}

/** The tunnel's own connection goes to the TLS endpoint: nothing is copied from socket to socket. */
function tunnel({ tls, socket, head, host }: Tunnel): void {
  socket.on('error', () => undefined); // a client that hangs up is no error of ours
  if (!hosts.includes(host)) {
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    return;
  }
  socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
  if (head.length > 0) socket.unshift(head);
  tls.emit('connection', socket);
}

async function makeCertificates(directory: string): Promise<void> {
  const openssl = (...args: string[]) => run('openssl', args, { cwd: directory });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const names = hosts.map((host) => `DNS:${host}`).join(',');
  writeFileSync(join(directory, 'names'), `subjectAltName=${names}\n`);
  await openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '2',
    '-subj',
    '/CN=Stand-in CA',
  );
  await openssl(
    'req',
    ...newKey,
    '-keyout',
    'server.key',
    '-out',
    'server.csr',
    '-subj',
    '/CN=api.dropboxapi.com',
  );
  const sign = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names'];
  await openssl('x509', '-req', '-in', 'server.csr', '-out', 'server.pem', ...sign);
}

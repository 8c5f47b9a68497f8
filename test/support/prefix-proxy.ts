// A proxy that shows a service below a prefix, and takes that off before it asks, or does not.
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** With the Host that was asked for, as every proxy should. */
export async function prefixProxy(
  upstream: string,
  { prefix, strips }: { prefix: string; strips: boolean },
): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer((asked, reply) => {
    const { url = '', method, headers } = asked;
    if (!url.startsWith(prefix)) return void reply.writeHead(404).end('outside of the prefix');
    const path = strips ? `/${url.slice(prefix.length)}` : url;
    const passed = request(new URL(upstream), { path, method, headers }, (answer) => {
      reply.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(reply);
    });
    passed.on('error', () => reply.destroy());
    asked.pipe(passed);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

// A way through an HTTP proxy: it is told where to lead the connection, and hears nothing of what goes over it then.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connectTls, hostOf } from '../process/tls-connection.ts';

/** No proxy needs more words to let somebody through, or not. */
const headBytesMax = 16 * 1024;

/**
 * Leads to the host and port of `to`. Rejects with Node's errors of the way to the proxy, with the status where it refuses
 * (`the proxy answers 407`), and with the signal's reason. Its user and password are in no error.
 */
export async function connectThrough(proxy: URL, to: URL, signal: AbortSignal): Promise<Socket> {
  const socket = await connectToProxy(proxy, signal);
  const onAbort = () => socket.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const target = `${to.hostname}:${to.port || (to.protocol === 'https:' ? 443 : 80)}`;
    const identity = identityOf(proxy);
    socket.write(
      `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${identity === undefined ? '' : `Proxy-Authorization: Basic ${identity}\r\n`}\r\n`,
    );
    const status = await answerOf(socket);
    if (status !== 200) throw new Error(`Proxy response (${status})`);
    return socket;
  } catch (error) {
    socket.destroy();
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function connectToProxy(proxy: URL, signal: AbortSignal): Promise<Socket> {
  if (proxy.protocol === 'https:')
    return await connectTls({ url: proxy, signal, proof: { kind: 'trusted' }, root: '/' });
  signal.throwIfAborted();
  const socket = connect({ host: hostOf(proxy), port: Number(proxy.port || 80) });
  const onAbort = () => socket.destroy(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await once(socket, 'connect');
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  socket.on('error', () => undefined); // also later: whoever uses it is told by its own listener
  return socket;
}

function identityOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  return Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64');
}

/** A percent sign that begins no escape is one. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The status of its answer. What comes behind its head is of the other end, and left in the socket. */
async function answerOf(socket: Socket): Promise<number> {
  let head = Buffer.alloc(0);
  for (;;) {
    const piece = socket.read() as Buffer | null;
    if (piece === null) {
      if (socket.readableEnded || socket.destroyed) throw new Error('the proxy has closed the connection');
      await Promise.race([once(socket, 'readable'), once(socket, 'close')]);
      continue;
    }
    head = Buffer.concat([head, piece]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0 && head.length > headBytesMax) throw new Error('what answers there is no HTTP proxy');
    if (end < 0) continue;
    if (end + 4 < head.length) socket.unshift(head.subarray(end + 4));
    const [, status] = /^HTTP\/1\.[01] (\d{3})/.exec(head.toString('latin1', 0, 100)) ?? [];
    if (status === undefined) throw new Error('what answers there is no HTTP proxy');
    return Number(status);
  }
}

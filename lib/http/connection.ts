// The one connection to a receiver, kept between requests: who it leads to is known before a byte goes out.
import { Agent } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connectTls, hostOf } from '../process/tls-connection.ts';
import { connectThrough } from './proxy-tunnel.ts';

export interface Destination {
  readonly to: URL;
  /** SHA-256 of its certificate, 64 hex digits; undefined where the machine trusts who vouches for it. */
  readonly pin: string | undefined;
  /** What leads there, with a user and a password where it wants them; asked directly where there is none. */
  readonly proxy?: URL | undefined;
}

/** A connection that is not used for so long is closed: whoever stands in between has forgotten it anyway. */
const idleMs = 60_000;

/** Holds one connection at most, and makes a new one where it is gone. `signal` says when to give up making one. */
export class OneConnection extends Agent {
  readonly #destination: Destination;
  readonly #signal: () => AbortSignal;

  constructor(destination: Destination, signal: () => AbortSignal) {
    super({ keepAlive: true, maxSockets: 1, timeout: idleMs });
    this.#destination = destination;
    this.#signal = signal;
  }

  override createConnection(
    _options: unknown,
    found?: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    connectTo(this.#destination, this.#signal()).then(
      (socket) => found?.(null, socket),
      // The contract of Node has no second argument then; its types do.
      (error: unknown) => found?.(error as Error, undefined as never),
    );
  }
}

/** Leads to where it should, or there is none. Rejects with OtherCertificate, Node's errors, and the signal's reason. */
export async function connectTo({ to, pin, proxy }: Destination, signal: AbortSignal): Promise<Socket> {
  const over = proxy && (() => connectThrough(proxy, to, signal));
  if (to.protocol === 'http:') return await (over?.() ?? connectPlain(to, signal));
  const proof =
    pin === undefined ? ({ kind: 'trusted' } as const) : ({ kind: 'pinned', sha256: pin } as const);
  return await connectTls({ url: to, signal, proof, root: '/', over });
}

function connectPlain(to: URL, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = connect({ host: hostOf(to), port: Number(to.port || 80) });
    const fail = (error: Error) => {
      socket.destroy();
      reject(error);
    };
    const onAbort = () => fail(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', fail);
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort);
      resolve(socket);
    });
  });
}

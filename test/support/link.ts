// A link that is there now and then: a port on 127.0.0.1 that leads to another one, as long as the test says so.
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

interface Address {
  readonly host: string;
  readonly port: number;
}

export class Link implements AsyncDisposable {
  /** `gone-before-answer`: it is up until a batch has arrived, and down before the answer. */
  state: 'up' | 'down' | 'gone-before-answer' = 'up';
  /** How many connections came, also while it was down. */
  tries = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(to: Address) {
    this.#server = createServer((near) => this.#lead(near, to));
  }

  static async open(to: Address): Promise<Link> {
    const link = new Link(to);
    await new Promise<void>((done) => link.#server.listen(0, '127.0.0.1', done));
    return link;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((done) => this.#server.close(done));
  }

  #lead(near: Socket, to: Address): void {
    this.tries += 1;
    if (this.state === 'down') return void near.destroy();
    const far = connect(to);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      socket
        .on('error', () => undefined)
        .on('close', () => void (this.#sockets.delete(socket), other.destroy()));
    }
    near.pipe(far);
    far.on('data', (bytes) => {
      const isGoing = this.state === 'gone-before-answer' && near.bytesRead > batchBytesMin;
      if (!isGoing) return void near.write(bytes);
      this.state = 'down';
      near.destroy();
    });
  }
}

/** A connection that has carried so much has carried a batch, of some thousand rows, and not only questions. */
const batchBytesMin = 10_000;

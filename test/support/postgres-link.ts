// A way to a PostgreSQL server that breaks when a statement passes: before the server hears it, or after it has done it.
import { connect, createServer, type Socket } from 'node:net';

export class BreakingLink implements AsyncDisposable {
  /** What breaks it, once: `before` or `after` the server did what holds this text. */
  breakAt: { statement: string; when: 'before' | 'after' } | undefined;
  /** The same by the number of the turn; `all` breaks every connection, and nobody comes through again until it is mended. */
  breakAtTurn: { turn: number; when: 'before' | 'after'; all?: boolean } | undefined;
  isDown = false;
  /** How often it broke. */
  broke = 0;
  /** How often somebody asked who had been answered before: each is a time to the server and back. */
  turns = 0;
  readonly #onwards: number;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((client) => this.#carry(client));

  private constructor(onwards: number) {
    this.#onwards = onwards;
  }

  static async to(port: number): Promise<BreakingLink> {
    const link = new BreakingLink(port);
    await new Promise<void>((done) => link.#server.listen(0, '127.0.0.1', done));
    return link;
  }

  get port(): number {
    const address = this.#server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no port');
    return address.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((done) => this.#server.close(done));
  }

  #breakAll(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  #carry(client: Socket): void {
    if (this.isDown) {
      client.destroy();
      return;
    }
    const server = connect(this.#onwards, '127.0.0.1');
    let isDeaf = false;
    let isAnswered = true;
    let isLast = false;
    const end = () => {
      client.destroy();
      server.destroy();
      if (isLast) this.#breakAll();
      isLast = false;
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', end).on('close', end);
    }
    client.on('data', (chunk: Buffer) => {
      if (isAnswered) this.turns += 1;
      isAnswered = false;
      const { breakAt, breakAtTurn } = this;
      if (breakAtTurn !== undefined && this.turns >= breakAtTurn.turn) {
        this.breakAtTurn = undefined;
        this.broke += 1;
        isLast = breakAtTurn.all === true;
        this.isDown = isLast;
        if (breakAtTurn.when === 'before') return end();
        isDeaf = true;
      } else if (breakAt !== undefined && chunk.includes(breakAt.statement)) {
        this.breakAt = undefined;
        this.broke += 1;
        if (breakAt.when === 'before') return end();
        isDeaf = true;
      }
      server.write(chunk);
    });
    server.on('data', (chunk: Buffer) => {
      isAnswered = true;
      return isDeaf ? end() : client.write(chunk);
    });
  }
}

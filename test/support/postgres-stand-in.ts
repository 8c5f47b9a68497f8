// Something that listens where a PostgreSQL server should, and says what a test wants: for what a real one cannot be made to
// say, or says only in versions that are not here.
import { createServer, type Server, type Socket } from 'node:net';

export class PostgresStandIn implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** How many connections there have been. */
  connections = 0;

  private constructor(serve: (socket: Socket, count: number) => void) {
    this.#server = createServer((socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.#sockets.delete(socket));
      serve(socket, this.connections);
    });
  }

  /** On loopback, where 127.0.0.2 is as good as another machine. */
  static async listen(
    serve: (socket: Socket, count: number) => void,
    host = '127.0.0.1',
  ): Promise<PostgresStandIn> {
    const standIn = new PostgresStandIn(serve);
    await new Promise<void>((done) => standIn.#server.listen(0, host, done));
    return standIn;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Returns when nobody is connected any more. */
  async deserted(): Promise<void> {
    await Promise.all(
      [...this.#sockets].map((socket) => new Promise((done) => socket.resume().once('close', done))),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((done) => this.#server.close(done));
  }
}

/** Answers the first message with these. */
export function answering(...messages: Buffer[]): (socket: Socket) => void {
  return (socket) => void socket.once('data', () => socket.write(Buffer.concat(messages)));
}

/** The same, and that was all. */
export function refusing(fields: Readonly<Record<string, string>>): (socket: Socket) => void {
  return (socket) => void socket.once('data', () => socket.end(errorResponse(fields)));
}

/** `C` is the SQLSTATE, `M` the words, `R` the place in the server's code. */
function errorResponse(fields: Readonly<Record<string, string>>): Buffer {
  const all = { S: 'FATAL', V: 'FATAL', ...fields };
  const text = Object.entries(all).map(([key, value]) => `${key}${value}\0`);
  return message('E', Buffer.from(`${text.join('')}\0`));
}

export const authenticated = message('R', Buffer.alloc(4));
export const cleartextPassword = message('R', Buffer.from([0, 0, 0, 3]));
export const ready = message('Z', Buffer.from('I'));

export function message(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
}

// A small web service on 127.0.0.1 whose requests are remembered, and can be made to fail as a script says.
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

export interface WebRequest {
  method: string;
  url: URL;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface WebReply {
  status: number;
  body: string;
  headers?: Record<string, string>;
}

export type WebFault =
  /** Answers this instead, and does nothing. */
  | { kind: 'answer'; reply: WebReply }
  /** Never answers. */
  | { kind: 'silence' }
  /** Ends the connection before anything was done. */
  | { kind: 'drop' }
  /** Does what was asked, and then ends the connection without a word. */
  | { kind: 'lose-reply' };

/** Starts with `start`, ends with `stop`; comes back at the same port. */
export abstract class WebStandIn implements AsyncDisposable {
  readonly requests: WebRequest[] = [];
  /** What a client should not have done, though the service may let it pass. */
  readonly violations: string[] = [];
  #faults: WebFault[] = [];
  #watchers: (() => void)[] = [];
  #server: Server | undefined;
  #port = 0;

  /** The service itself. */
  protected abstract answer(request: WebRequest): WebReply;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** The next requests meet these, one each. */
  fault(...faults: WebFault[]): void {
    this.#faults.push(...faults);
  }

  get port(): number {
    return this.#port;
  }

  /** Returns when the condition holds; it is looked at after each answer. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((answered) => this.#watchers.push(answered));
  }

  get waitingFaults(): number {
    return this.#faults.length;
  }

  async start(): Promise<this> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server = createServer((message, response) => void this.#serve(message, response));
    this.#server.listen(this.#port, '127.0.0.1', resolve);
    await promise;
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    server.closeAllConnections();
    await promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of message) pieces.push(piece as Buffer);
    const request: WebRequest = {
      method: message.method ?? '',
      url: new URL(message.url ?? '', this.url),
      headers: message.headers,
      body: Buffer.concat(pieces).toString('utf8'),
    };
    this.requests.push(request);
    const fault = this.#faults.shift();
    if (fault?.kind === 'silence') return;
    if (fault?.kind === 'drop') return void response.destroy();
    const reply = fault?.kind === 'answer' ? fault.reply : this.answer(request);
    if (fault?.kind === 'lose-reply') return void response.destroy();
    response
      .writeHead(reply.status, { 'Content-Type': 'text/plain; charset=utf-8', ...reply.headers })
      .end(reply.body);
    this.#watchers.splice(0).forEach((answered) => answered());
  }
}

export const loginPage: WebReply = {
  status: 200,
  body: '<!DOCTYPE html><html><title>Welcome to this café</title></html>',
  headers: { 'Content-Type': 'text/html' },
};

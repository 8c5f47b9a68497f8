// A request as it comes in: where it goes, who sent it, and its body through the link.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Effects } from './faults.ts';
import {
  discardBody,
  readSmallBody,
  receiveBody,
  type BodySource,
  type ReceivedBody,
} from './request-body.ts';
import { bodyLimit } from './request-body.ts';
import type { RequestLogEntry } from './request-log.ts';
import type { Service } from './service.ts';

/** The most that an rpc call or a form may be. */
const smallBodyLimit = 8 * 1024 * 1024;

/** Thrown when the connection is to end without an answer. */
export class Dropped extends Error {}

export class Incoming {
  readonly url: URL;
  readonly request: RequestLogEntry;
  /** Aborted when the connection is over, answered or not. */
  readonly gone: AbortSignal;
  readonly message: IncomingMessage;
  private readonly response: ServerResponse;
  private readonly service: Service;

  constructor(service: Service, message: IncomingMessage, response: ServerResponse) {
    this.service = service;
    this.message = message;
    this.response = response;
    this.url = new URL(message.url ?? '/', 'http://stand-in');
    const route = this.url.pathname.replace(/^\/(2\/)?/, '');
    this.request = service.log.begin(route, message.method ?? '', service.clock.now());
    if (message.headers.range !== undefined) this.request.range = message.headers.range;
    const gone = new AbortController();
    this.gone = gone.signal;
    response.on('close', () => gone.abort());
    response.on('error', () => undefined); // a client that hangs up in the middle of an answer is no error of ours
    this.noteAddress();
  }

  /** The access token, whether it is good or not. */
  get bearer(): string | undefined {
    const given = this.message.headers.authorization ?? this.url.searchParams.get('authorization') ?? '';
    return /^Bearer (\S+)$/i.exec(given)?.[1];
  }

  /** Ends the connection, without an answer if there was none. */
  destroy(): void {
    this.response.destroy();
    this.message.destroy();
  }

  async readSmall(): Promise<Buffer> {
    const { bytes, cut } = await readSmallBody(this.source(), smallBodyLimit);
    if (cut) throw new Dropped();
    return bytes;
  }

  /** Of a call that is refused anyway: it is only read, since its sender reads no answer before. */
  async discard(effects: Effects): Promise<void> {
    if (await discardBody(this.source(effects))) throw new Dropped();
  }

  async receive(effects: Effects): Promise<ReceivedBody> {
    const body = await receiveBody(this.source(effects), this.service.blobs);
    if (body.tooLarge && this.message.headers['content-length'] === undefined) {
      this.service.violations.add(
        'unbounded-body',
        this.request,
        `more than ${bodyLimit} bytes, unannounced`,
      );
    }
    return body;
  }

  private source(effects?: Effects): BodySource {
    const runs = effects?.all('run').filter(({ afterBytes }) => afterBytes !== undefined) ?? [];
    const { request, service } = this;
    const context = { request, drop: () => this.destroy() };
    return {
      request: this.message,
      lane: service.link.up,
      cutAfter: effects?.one('dropBefore')?.bytes ?? Infinity,
      onBytes: async (count) => {
        const before = request.bodyBytes;
        request.bodyBytes += count;
        service.log.bytesReceived += count;
        for (const { run, afterBytes = 0 } of runs) {
          if (before < afterBytes && request.bodyBytes >= afterBytes) await run(context);
        }
      },
    };
  }

  private noteAddress(): void {
    const { violations } = this.service;
    const host = (this.message.headers.host ?? '').replace(/:\d+$/, '');
    const known =
      'encrypted' in this.message.socket ? /\.dropboxapi\.com$/ : /^(127\.0\.0\.1|localhost|\[::1\])$/;
    if (!known.test(host)) violations.add('foreign-host', this.request, `Host: ${host}`);
    if (this.url.searchParams.has('authorization')) {
      violations.add('secret-in-url', this.request, 'authorization in the query string');
    }
  }
}

// One HTTP exchange with Dropbox: to the right host, within its time, at the set pace, with a bounded reply.
import { OpsError } from '../../base/errors.ts';
import { networkReason } from '../../base/network-reason.ts';
import type { StoreTraffic } from '../store.ts';
import { addressAt, type Endpoint, hostOf } from './endpoint.ts';
import { DropboxFailure, looksLikeHtml, strangerFailure } from './failure.ts';
import type { Pace } from '../../base/pace.ts';

/** A body that can be sent more than once: `open` begins it anew. */
export interface SentBody {
  sizeBytes: number;
  open(): AsyncIterable<Uint8Array>;
}

/** What an exchange needs beside its request. */
export interface TransportOptions {
  endpoint: Endpoint;
  /** Without a byte in either direction for so long, the exchange has failed. */
  timeoutMs: number;
  pace: Pace;
  /** What the exchanges cost, counted here. */
  traffic: StoreTraffic;
}

/** A request as it goes out; `url` is one of Dropbox's own hosts. */
export interface ExchangeRequest {
  url: string;
  headers: Record<string, string>;
  body?: SentBody | string | undefined;
  signal: AbortSignal;
}

/** A reply whose body is still on its way. `touch` says that it moves; `end` must be called once. */
export interface OpenReply {
  response: Response;
  touch(): void;
  end(): void;
}

/** Listings of 2000 entries are about 1 MiB; nothing that is not a download is larger. */
const replyBytesMax = 8 * 1024 * 1024;

/** What nothing has cost yet: for the life of one opened store. */
export function noTraffic(): StoreTraffic {
  return { requests: 0, sentBytes: 0, receivedBytes: 0, retries: 0, waitedMs: 0 };
}

export class Transport {
  readonly options: TransportOptions;
  /** What time it was there with the last reply, as its head says (RFC 9110, 6.6.1). */
  remoteTime: Date | undefined;

  constructor(options: TransportOptions) {
    this.options = options;
  }

  /** Sends, and returns when the reply begins. Throws DropboxFailure `unreachable` or `stranger`. */
  async open({ url, headers, body, signal }: ExchangeRequest): Promise<OpenReply> {
    const { endpoint, timeoutMs, traffic } = this.options;
    const address = addressAt(endpoint, url);
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(silent(address, timeoutMs)), timeoutMs);
    const touch = () => void timer.refresh();
    const end = () => clearTimeout(timer);
    const either = AbortSignal.any([signal, silence.signal]);
    traffic.requests += 1;
    try {
      const response = await fetch(address, {
        method: 'POST',
        headers,
        // A redirect is never Dropbox's: followed, it would carry the token to somebody else.
        redirect: 'manual',
        signal: either,
        ...this.#bodyOf(body, touch, either),
      });
      this.remoteTime = dateOf(response) ?? this.remoteTime;
      if (response.status >= 300 && response.status < 400) {
        throw strangerFailure(`HTTP ${response.status}, a redirect to another page`);
      }
      return { response, touch, end };
    } catch (error) {
      end();
      throw failedExchange(error, either, address);
    }
  }

  /** Sends, and returns the whole reply. */
  async exchange(request: ExchangeRequest): Promise<Response> {
    const { response, touch, end } = await this.open(request);
    try {
      const text = await this.readText(response, touch);
      if (response.ok && looksLikeHtml(text)) throw strangerFailure(`HTTP ${response.status}, a web page`);
      const { status, headers } = response;
      // Those that have no body by definition are no answer to any call.
      if (response.ok && ![200, 206].includes(status)) throw strangerFailure(`HTTP ${status}`);
      return new Response(text, { status, headers });
    } catch (error) {
      throw failedExchange(error, request.signal, addressAt(this.options.endpoint, request.url));
    } finally {
      end();
    }
  }

  /** The text of a reply that must be small. */
  async readText(response: Response, touch: () => void): Promise<string> {
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of bytesOf(response)) {
      touch();
      bytes += piece.length;
      this.options.traffic.receivedBytes += piece.length;
      if (bytes > replyBytesMax) throw strangerFailure(`a reply of more than ${replyBytesMax} bytes`);
      pieces.push(piece);
    }
    return Buffer.concat(pieces).toString('utf8');
  }

  #bodyOf(body: SentBody | string | undefined, touch: () => void, signal: AbortSignal): RequestInit {
    if (body === undefined) return {};
    if (typeof body === 'string' || body.sizeBytes === 0) {
      const text = typeof body === 'string' ? body : '';
      this.options.traffic.sentBytes += Buffer.byteLength(text);
      return { body: text };
    }
    // Streamed from the disk piece by piece, because fetch copies a whole buffer several times over.
    return {
      body: this.#sent(body, touch, signal),
      duplex: 'half',
    };
  }

  async *#sent(body: SentBody, touch: () => void, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { pace, traffic } = this.options;
    for await (const piece of body.open()) {
      await pace(piece.length, signal);
      touch();
      traffic.sentBytes += piece.length;
      yield piece;
    }
    touch();
  }
}

function dateOf({ headers }: Response): Date | undefined {
  const time = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(time) ? undefined : new Date(time);
}

/** The body of a reply, piece by piece. */
export function bytesOf({ body }: Response): AsyncIterable<Uint8Array> | Uint8Array[] {
  return (body as AsyncIterable<Uint8Array> | null) ?? [];
}

function silent(address: string, timeoutMs: number): DropboxFailure {
  return new DropboxFailure('unreachable', `no answer from ${hostOf(address)} within ${timeoutMs / 1000} s`);
}

/** What went wrong on the wire, in words; an abort from outside comes out as its own reason. */
function failedExchange(error: unknown, signal: AbortSignal, address: string): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof DropboxFailure || error instanceof OpsError) return error;
  // A body that cannot be read is our side's: it fails as what it is.
  const ours = causeThatIs(error, OpsError);
  if (ours !== undefined) return ours;
  const reason = networkReason(error);
  return new DropboxFailure('unreachable', `no answer from ${hostOf(address)} (${reason})`, { cause: error });
}

function causeThatIs<T>(error: unknown, type: abstract new (...args: never[]) => T): T | undefined {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof type) return at;
  return undefined;
}

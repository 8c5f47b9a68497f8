// What a replica asks its master: one question at a time, with a token that is renewed before it ends, within its time, and no
// more bytes than there is room for. Whatever else answers at the address is no master.
import { once } from 'node:events';
import { type FileHandle, open } from 'node:fs/promises';
import { type IncomingMessage, request as startRequest } from 'node:http';
import type { Clock } from '../base/clock.ts';
import { systemError } from '../base/errors.ts';
import { formatBytes } from '../base/format.ts';
import { fullDiskDetails } from '../files/space.ts';
import { writeAll } from '../files/write-all.ts';
import { type Destination, OneConnection } from './connection.ts';
import { type Answered, away, requireGood, troubleOf } from './sync-answers.ts';

export interface SyncClientOptions extends Destination {
  readonly key: string;
  /** Without a byte for so long, the master is out of reach. */
  readonly timeoutMs: number;
  /** No answer is longer. */
  readonly bytesMax: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface Downloaded {
  /** The media type: `application/json`. */
  readonly type: string;
  readonly sizeBytes: number;
  /** What is small is no file: most answers say that nothing has changed, and a memory card has better to do. */
  readonly body: Buffer | { readonly path: string };
}

/**
 * All throw OpsError: `unavailable` where nobody answers, or not the master; `denied` where it does not know our key;
 * `refused` for another certificate; `io` where there is no room. The signal's reason on abort.
 */
export interface SyncClient {
  /** What is larger than `memoryBytesMax`, 256 KiB unless given, is written to `file`, in the place of what is there. */
  download(path: string, file: string, memoryBytesMax?: number): Promise<Downloaded>;
  /** What proves who we are: a token, or the key where the master gives none. */
  headers(): Promise<Record<string, string>>;
  close(): void;
}

/** A token is renewed when a twelfth of its time is left: two hours of a day. */
const renewalShare = 1 / 12;
const smallBytesMax = 256 * 1024;
const tokenBytesMax = 16 * 1024;
const tokenPath = '/api/remote/auth/token';

export function createSyncClient(options: SyncClientOptions): SyncClient {
  return new Client(options);
}

interface Exchange {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly bytesMax: number;
  /** Takes in what comes; waits where that has to be waited for. */
  readonly take: (bytes: Buffer) => Promise<void> | void;
}

class Client implements SyncClient {
  readonly #options: SyncClientOptions;
  readonly #agent: OneConnection;
  #signal: AbortSignal;
  #token: { text: string; renewAtMs: number } | 'none' | undefined;

  constructor(options: SyncClientOptions) {
    this.#options = options;
    this.#signal = options.signal;
    this.#agent = new OneConnection(options, () => this.#signal);
  }

  async download(path: string, file: string, memoryBytesMax = smallBytesMax): Promise<Downloaded> {
    const first = await this.#downloadOnce(path, file, memoryBytesMax);
    if (first.status !== 401) return requireGood(this.#called, first);
    // The master was started anew with another secret, or its clock has moved.
    this.#token = undefined;
    return requireGood(this.#called, await this.#downloadOnce(path, file, memoryBytesMax));
  }

  async headers(): Promise<Record<string, string>> {
    const { key, clock } = this.#options;
    const held = this.#token;
    if (typeof held === 'object' && clock.monotonicMs() < held.renewAtMs)
      return { authorization: `Bearer ${held.text}` };
    if (held !== 'none') this.#token = await this.#fetchToken();
    return typeof this.#token === 'object'
      ? { authorization: `Bearer ${this.#token.text}` }
      : { 'x-api-key': key };
  }

  close(): void {
    this.#agent.destroy();
  }

  async #downloadOnce(
    path: string,
    file: string,
    memoryBytesMax: number,
  ): Promise<Answered & Pick<Downloaded, 'body'>> {
    const headers = await this.headers();
    const small: Buffer[] = [];
    let smallBytes = 0;
    let output: FileHandle | undefined;
    const take = async (bytes: Buffer) => {
      small.push(bytes);
      smallBytes += bytes.length;
      if (output === undefined && smallBytes <= memoryBytesMax) return;
      output ??= await open(file, 'w', 0o600);
      const held = Buffer.concat(small.splice(0));
      await writeAll(output, held, smallBytes - held.length);
    };
    try {
      const { bytesMax } = this.#options;
      const answered = await this.#exchange({ method: 'GET', path, headers, bytesMax, take });
      return { ...answered, body: output === undefined ? Buffer.concat(small) : { path: file } };
    } catch (error) {
      throw systemError(`write what ${this.#called} sends to ${file}`, error, fullDiskDetails(error, file));
    } finally {
      await output?.close();
    }
  }

  /** By our own count of time, whatever both clocks say. A master that gives no tokens is shown the key each time. */
  async #fetchToken(): Promise<{ text: string; renewAtMs: number } | 'none'> {
    const { key, clock } = this.#options;
    const pieces: Buffer[] = [];
    const headers = { 'x-api-key': key, 'content-type': 'application/json' };
    const body = JSON.stringify({ api_key: key });
    const take = (bytes: Buffer) => void pieces.push(bytes);
    const exchange = {
      method: 'POST',
      path: tokenPath,
      headers,
      body,
      bytesMax: tokenBytesMax,
      take,
    } as const;
    const answered = await this.#exchange(exchange);
    if ([404, 405, 501].includes(answered.status)) return 'none';
    requireGood(this.#called, answered);
    const given = parseObject(Buffer.concat(pieces).toString('utf8'));
    const text = given?.['token'] ?? given?.['access_token'];
    if (typeof text !== 'string' || !/^[\w.~+/=-]{1,4000}$/.test(text)) return 'none';
    const seconds = Number(given?.['expires_in']);
    const lifeMs = (Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 86_400) : 3600) * 1000;
    return { text, renewAtMs: clock.monotonicMs() + lifeMs * (1 - renewalShare) };
  }

  async #exchange(exchange: Exchange): Promise<Answered> {
    const { signal, timeoutMs } = this.#options;
    signal.throwIfAborted();
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(), timeoutMs);
    this.#signal = AbortSignal.any([signal, silence.signal]);
    try {
      return await this.#ask(exchange, () => void timer.refresh());
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (silence.signal.aborted) throw away(this.#called, `no answer within ${timeoutMs / 1000} s`, error);
      throw troubleOf(this.#called, error);
    } finally {
      clearTimeout(timer);
    }
  }

  async #ask(
    { method, path, headers, body, bytesMax, take }: Exchange,
    touch: () => void,
  ): Promise<Answered> {
    const { to } = this.#options;
    const request = startRequest({
      agent: this.#agent,
      host: to.hostname,
      port: to.port,
      method,
      path: `${to.pathname.replace(/\/$/, '')}${path}`,
      headers: {
        host: to.host,
        accept: 'application/x-ndjson, application/json',
        ...headers,
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
      },
      maxHeaderSize: 16 * 1024,
      signal: this.#signal,
    });
    request.end(body);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let sizeBytes = 0;
    try {
      for await (const piece of response) {
        touch();
        const bytes = piece as Buffer;
        sizeBytes += bytes.length;
        if (sizeBytes > bytesMax) throw away(this.#called, `it sends more than ${formatBytes(bytesMax)}`);
        await take(bytes);
      }
    } finally {
      response.destroy();
    }
    if (!response.complete) throw away(this.#called, 'its answer was cut short');
    const { 'content-type': type = '', location } = response.headers;
    const plain = (type.split(';')[0] ?? '').trim().toLowerCase();
    return { status: response.statusCode ?? 0, type: plain, location, sizeBytes };
  }

  get #called(): string {
    return this.#options.to.origin;
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

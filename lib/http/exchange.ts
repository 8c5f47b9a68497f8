// One exchange with a receiver: within its time, at the set pace, with a bounded answer that proves who gave it.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request as startRequest } from 'node:http';
import { errorCode } from '../base/errors.ts';
import { networkReason } from '../base/network-reason.ts';
import type { Pace } from '../base/pace.ts';
import { PeerTrouble } from '../delta/peer.ts';
import { OtherCertificate } from '../process/tls-connection.ts';
import { type Destination, OneConnection } from './connection.ts';
import { answerHeader, challengeHeader, hashOfKey, isProof } from './proof.ts';
import { strangerWords } from './stranger.ts';

export interface Question {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Below the address of the receiver, with its query. */
  readonly path: string;
  readonly body?: { readonly type: string; readonly bytes: Uint8Array } | undefined;
}

/** An answer that is proven to come from the receiver. */
export interface ProvenAnswer {
  readonly status: number;
  readonly body: Buffer;
  readonly retryAfterMs: number | undefined;
}

export interface ExchangeOptions extends Destination {
  readonly key: string;
  /** Without a byte in either direction for so long, the exchange has failed. */
  readonly timeoutMs: number;
  readonly pace: Pace;
  readonly signal: AbortSignal;
}

/** No answer is longer: a list of fifty thousand keys is a tenth of it. */
const answerBytesMax = 32 * 1024 * 1024;
/** So much is sent at once, so that each piece of it is a sign of life. */
const pieceBytes = 16 * 1024;
/** A body that is larger waits until the receiver has said that it wants it. */
const expectBytes = 64 * 1024;
/** Not all that stands in between hands that on. */
const expectMs = 2000;
/** No receiver is waited for longer because it says so. */
const retryAfterMaxMs = 3600_000;

export class Exchanges {
  readonly #options: ExchangeOptions;
  readonly #keyHash: string;
  readonly #agent: OneConnection;
  #signal: AbortSignal;
  /** Whether the question had a connection to go out on. */
  #isConnected = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#keyHash = hashOfKey(options.key);
    this.#signal = options.signal;
    this.#agent = new OneConnection(options, () => this.#signal);
  }

  /** One after another. Throws PeerTrouble, and the signal's reason where it aborts. */
  ask(question: Question): Promise<ProvenAnswer> {
    const answer = this.#last.then(() => this.#ask(question));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  close(): void {
    this.#agent.destroy();
  }

  async #ask(question: Question): Promise<ProvenAnswer> {
    const { signal, timeoutMs } = this.#options;
    signal.throwIfAborted();
    const silence = new AbortController();
    this.#isConnected = false;
    const timer = setTimeout(() => silence.abort(new Silence()), timeoutMs);
    this.#signal = AbortSignal.any([signal, silence.signal]);
    const touch = () => void timer.refresh();
    try {
      return await this.#exchange(question, touch, true);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw silence.signal.aborted ? this.#silent(error) : this.#trouble(error);
    } finally {
      clearTimeout(timer);
    }
  }

  async #exchange(question: Question, touch: () => void, again: boolean): Promise<ProvenAnswer> {
    const challenge = randomBytes(16).toString('hex');
    const request = this.#start(question, challenge);
    request.once('socket', () => (this.#isConnected = true));
    request.on('information', touch);
    try {
      const response = await this.#sent(request, question, touch);
      const body = await readBody(response, touch);
      return this.#proven(response, challenge, body);
    } catch (error) {
      // The receiver closed the kept connection in the same instant: that says nothing of the question.
      const isStale =
        again && request.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(errorCode(error) ?? '');
      if (!isStale || this.#signal.aborted) throw error;
    } finally {
      if (!request.writableFinished) request.destroy();
    }
    return await this.#exchange(question, touch, false);
  }

  #start({ method, path, body }: Question, challenge: string): ClientRequest {
    const { to, key } = this.#options;
    const sizeBytes = body?.bytes.length ?? 0;
    return startRequest({
      agent: this.#agent,
      host: to.hostname,
      port: to.port,
      method,
      path: `${to.pathname.replace(/\/$/, '')}${path}`,
      headers: {
        host: to.host,
        authorization: `Bearer ${key}`,
        [challengeHeader]: challenge,
        accept: 'application/json',
        ...(method === 'GET' ? {} : { 'content-length': sizeBytes }),
        ...(body === undefined ? {} : { 'content-type': body.type }),
        ...(sizeBytes > expectBytes ? { expect: '100-continue' } : {}),
      },
      maxHeaderSize: 16 * 1024,
      signal: this.#signal,
    });
  }

  /** Sends it, and returns when the answer begins, which may be before all is sent. */
  async #sent(request: ClientRequest, { body }: Question, touch: () => void): Promise<IncomingMessage> {
    const answered = new AbortController();
    const response = new Promise<IncomingMessage>((resolve, reject) => {
      request.on('response', resolve).on('error', reject);
    });
    const over = response.then(
      () => answered.abort(),
      () => answered.abort(),
    );
    if (body === undefined || body.bytes.length === 0) request.end();
    else await this.#send(request, body.bytes, { touch, answered: answered.signal, over });
    const begun = await response;
    touch();
    return begun;
  }

  async #send(
    request: ClientRequest,
    bytes: Uint8Array,
    { touch, answered, over }: { touch: () => void; answered: AbortSignal; over: Promise<void> },
  ): Promise<void> {
    if (bytes.length > expectBytes) await Promise.race([wanted(request), over]);
    else request.flushHeaders();
    for (let at = 0; at < bytes.length && !answered.aborted; at += pieceBytes) {
      const piece = bytes.subarray(at, at + pieceBytes);
      await this.#options.pace(piece.length, this.#signal);
      if (answered.aborted) return;
      const isTaken = request.write(piece);
      if (!isTaken) await Promise.race([once(request, 'drain').catch(() => undefined), over]);
      touch();
    }
    if (!answered.aborted) request.end();
  }

  #proven(
    { statusCode: status = 0, headers }: IncomingMessage,
    challenge: string,
    body: Buffer,
  ): ProvenAnswer {
    const given = headers[answerHeader];
    if (typeof given === 'string' && isProof(given, this.#keyHash, { challenge, status, body }))
      return { status, body, retryAfterMs: retryAfterOf(headers['retry-after']) };
    // A proxy that takes no such body has never asked the receiver: less of it may pass.
    if (status === 413)
      throw new PeerTrouble('too-large', `what stands before ${this.#called} takes no such piece`);
    throw this.#unreachable(strangerWords(status, headers.location, body));
  }

  #trouble(error: unknown): unknown {
    if (error instanceof PeerTrouble) return error;
    if (error instanceof OtherCertificate)
      return new PeerTrouble(
        'certificate',
        `${this.#called} shows another certificate than the pinned one: sha256:${error.sha256}`,
      );
    const reason = networkReason(error);
    return /CERT|ALTNAME|SELF_SIGNED|UNABLE_TO/.test(errorCode(error) ?? '')
      ? new PeerTrouble(
          'certificate',
          `nobody whom this machine trusts vouches for ${this.#called} (${reason})`,
          {
            cause: error,
          },
        )
      : this.#unreachable(reason, error);
  }

  /** Where there was a connection the receiver is at work, or the line is slow. */
  #silent(error: unknown): PeerTrouble {
    const words = `no answer within ${this.#options.timeoutMs / 1000} s`;
    if (!this.#isConnected) return this.#unreachable(words, error);
    return new PeerTrouble('timeout', `${this.#called} is slow: ${words}`, { cause: error });
  }

  #unreachable(reason: string, cause?: unknown): PeerTrouble {
    return new PeerTrouble('unreachable', `cannot reach ${this.#called}: ${reason}`, { cause });
  }

  get #called(): string {
    return this.#options.to.host;
  }
}

class Silence extends Error {}

/** Resolves when the receiver has said that it wants the body, or says nothing of it. */
function wanted(request: ClientRequest): Promise<void> {
  request.flushHeaders();
  return new Promise((resolve) => {
    request.once('continue', resolve);
    // The time is counted from when there is a connection.
    request.once('socket', () => setTimeout(resolve, expectMs).unref());
  });
}

async function readBody(response: IncomingMessage, touch: () => void): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    touch();
    bytes += piece.length;
    if (bytes > answerBytesMax) throw new Error(`an answer of more than ${answerBytesMax} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function retryAfterOf(header: string | undefined): number | undefined {
  const seconds = /^\d{1,9}$/.test(header ?? '') ? Number(header) : undefined;
  return seconds === undefined ? undefined : Math.min(seconds * 1000, retryAfterMaxMs);
}

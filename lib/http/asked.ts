// A question as its route sees it, and what is said to it.
import type { Readable } from 'node:stream';
import { OpsError } from '../base/errors.ts';
import { refusalMessage } from '../delta/messages.ts';
import { ProtocolRefusal } from '../delta/refusal.ts';
import type { HttpReply, HttpRequest } from './server.ts';

export interface Said {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly retryAfterSeconds?: number | undefined;
}

/** What is said instead of what was asked for. `message` is read by the operator of the sender. */
export class Refused extends Error {
  readonly said: Said;

  constructor(status: number, message: string, { retryAfterSeconds }: { retryAfterSeconds?: number } = {}) {
    super(message);
    this.said = { status, body: { message }, retryAfterSeconds };
  }
}

export interface Asked {
  /** By its key. */
  readonly source: string;
  param(name: string): string;
  /** Undefined where it is not there, or there more than once. */
  query(name: string): string | undefined;
  /** Throws ProtocolRefusal `malformed`. */
  json(): unknown;
  /** Of the body, as its head says; undefined where that does not. */
  readonly sizeBytes: number | undefined;
  /** The body as it comes: only now is it asked for. */
  bytes(): Readable;
  /** Keeps whoever waits from giving up. */
  stillAtWork(): void;
  /** Aborts when no more is to be taken. */
  readonly signal: AbortSignal;
}

/** What the door has found out of a request. */
export interface Entered {
  source: string;
  keyHash: string;
  challenge: string;
}

const entries = new WeakMap<HttpRequest, Partial<Entered>>();

export function setEntered(request: HttpRequest, entered: Partial<Entered>): void {
  entries.set(request, entered);
}

export function enteredOf(request: HttpRequest): Partial<Entered> {
  return entries.get(request) ?? {};
}

export function asked(request: HttpRequest, reply: HttpReply, signal: AbortSignal): Asked {
  const { source } = enteredOf(request);
  if (source === undefined) throw new Error('a request without a source has reached a route');
  const params = request.params as Record<string, string>;
  const query = request.query as Record<string, unknown>;
  const length = request.headers['content-length'];
  return {
    source,
    param: (name) => params[name] ?? '',
    query(name) {
      const value = Object.hasOwn(query, name) ? query[name] : undefined;
      return typeof value === 'string' ? value : undefined;
    },
    json: () => parsed(String(request.body)),
    sizeBytes: length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined,
    bytes() {
      if (request.headers.expect !== undefined) reply.raw.writeContinue();
      return request.raw;
    },
    stillAtWork() {
      if (!reply.raw.headersSent && reply.raw.writable) reply.raw.writeProcessing();
    },
    signal,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ProtocolRefusal('malformed', 'it is not JSON, or it is cut short');
  }
}

/** What is said of an error that is meant for whoever asked; undefined for one of ours. */
export function saidOf(error: unknown): Said | undefined {
  if (error instanceof Refused) return error.said;
  if (error instanceof ProtocolRefusal) {
    const { reason, message, state } = error;
    return {
      status: reason === 'malformed' ? 400 : 409,
      body: refusalMessage.format({ reason, message, state }),
    };
  }
  const isPassing = error instanceof OpsError && ['unavailable', 'busy'].includes(error.kind);
  return isPassing
    ? { status: 503, body: { message: 'where the rows arrive does not answer now' }, retryAfterSeconds: 30 }
    : undefined;
}

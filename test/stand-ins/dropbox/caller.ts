// A client for the stand-in's own tests: it sends exactly what a test says, right or wrong.
import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { contentHashOf } from './content-hash.ts';
import { asciiJson } from './replies.ts';
import type { DropboxStandIn } from './stand-in.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into what was answered
type Json = any;

/** Pieces are sent one by one, without a Content-Length. */
export type Body = string | Buffer | Iterable<Buffer> | AsyncIterable<Buffer>;

export interface Answer {
  status: number;
  /** The phrase beside the status. */
  reason: string;
  text: string;
  /** The body as JSON, undefined when it is none. */
  json: Json;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
}

export interface Sent {
  method?: string;
  headers?: Record<string, string | undefined>;
  body?: Body | undefined;
  /** Default: a fresh token with all scopes. */
  token?: string;
}

export class Caller {
  readonly standIn: DropboxStandIn;
  private readonly token: string;

  constructor(standIn: DropboxStandIn) {
    this.standIn = standIn;
    this.token = standIn.newAccessToken();
  }

  /** An rpc call; `null` sends no body at all. */
  rpc(route: string, argument: unknown, sent: Sent = {}): Promise<Answer> {
    const hasBody = argument !== null;
    return this.send(`/2/${route}`, {
      body: hasBody ? JSON.stringify(argument) : undefined,
      ...sent,
      headers: { 'Content-Type': hasBody ? 'application/json' : undefined, ...sent.headers },
    });
  }

  /** An upload-style call as it should be: with the hash of its body. */
  upload(route: string, argument: object, body: Buffer = Buffer.alloc(0), sent: Sent = {}): Promise<Answer> {
    const hashed = body.length === 0 ? argument : { content_hash: contentHashOf(body), ...argument };
    return this.raw(route, hashed, body, sent);
  }

  /** An upload-style call without anything added. */
  raw(route: string, argument: unknown, body: Body, sent: Sent = {}): Promise<Answer> {
    const headers = { 'Content-Type': 'application/octet-stream', 'Dropbox-API-Arg': asciiJson(argument) };
    return this.send(`/2/${route}`, { body, ...sent, headers: { ...headers, ...sent.headers } });
  }

  download(argument: unknown, headers: Record<string, string> = {}, method = 'POST'): Promise<Answer> {
    return this.send('/2/files/download', {
      method,
      headers: { 'Dropbox-API-Arg': asciiJson(argument), ...headers },
    });
  }

  /** A connection of its own, no header that the test did not name, and a body of pieces goes out chunked. */
  async send(
    path: string,
    { method = 'POST', headers = {}, body, token = this.token }: Sent,
  ): Promise<Answer> {
    const all = Object.entries({ Authorization: `Bearer ${token}`, ...headers });
    const given = Object.fromEntries(
      all.filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
    const message = request(this.standIn.url + path, { method, headers: given, agent: false });
    const answered = once(message, 'response') as Promise<[IncomingMessage]>;
    const whole = typeof body === 'string' ? Buffer.from(body) : body;
    if (whole === undefined || Buffer.isBuffer(whole)) {
      message.setHeader('Content-Length', whole?.length ?? 0);
      message.end(whole);
    } else {
      const source = Readable.from(whole).on('error', (error) => message.destroy(error));
      source.pipe(message);
    }
    const [response] = await answered;
    return readAnswer(response);
  }

  /** A whole upload session with one append; returns its cursor. */
  async session(bytes: Buffer, { close = false } = {}): Promise<{ session_id: string; offset: number }> {
    const { json } = await this.upload('files/upload_session/start', {});
    const { session_id } = json as { session_id: string };
    await this.upload('files/upload_session/append_v2', { cursor: { session_id, offset: 0 }, close }, bytes);
    return { session_id, offset: bytes.length };
  }
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const text = bytes.toString();
  const { statusCode: status = 0, statusMessage: reason = '' } = response;
  return { status, reason, text, json: parsed(text), headers: response.headers, bytes };
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // plain text, HTML, or the bytes of a file
  }
}

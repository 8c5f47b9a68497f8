// One small HTTP POST: within its time, to the one address, with a bounded reply.
import { networkReason } from '../base/network-reason.ts';
import { retryAfterMs } from '../base/retry-after.ts';
import { DeliveryFailure } from './channel.ts';

export interface PostRequest {
  /** As messages name it: `ntfy`, `Slack`. */
  service: string;
  url: URL;
  headers: Readonly<Record<string, string>>;
  body: string;
  signal: AbortSignal;
}

export interface PostReply {
  status: number;
  text: string;
  retryAfterMs: number | undefined;
}

const timeoutMs = 10_000;
const replyBytesMax = 64 * 1024;

/** Sends and returns the whole reply, whatever its status. Throws DeliveryFailure where there is none. */
export async function post({ service, url, headers, body, signal }: PostRequest): Promise<PostReply> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body,
      signal: limit,
      // Followed, a redirect would carry the secret to somebody else.
      redirect: 'manual',
    });
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel();
      throw stranger(service, `HTTP ${response.status}, a redirect to another page`);
    }
    const askedMs = retryAfterMs(response.headers.get('retry-after'), response.headers.get('date'));
    return { status: response.status, text: await readText(service, response), retryAfterMs: askedMs };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof DeliveryFailure) throw error;
    const why = limit.aborted ? `within ${timeoutMs / 1000} s` : `(${networkReason(error)})`;
    throw new DeliveryFailure(`no answer from ${service} ${why}`, { permanent: false });
  }
}

/** Somebody else answers in its place: a login page, a proxy. That may pass. */
export function stranger(service: string, what: string): DeliveryFailure {
  return new DeliveryFailure(`this is not ${service} answering: ${what}`, { permanent: false });
}

export function looksLikeHtml(text: string): boolean {
  return /^\s*</.test(text);
}

/** What a service says of a refusal, on one line, without the secrets that went out. */
export function shownReason(text: string, secrets: readonly string[]): string {
  const line = text.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  const plain = secrets
    .filter((secret) => secret !== '')
    .reduce((sum, secret) => sum.replaceAll(secret, '***'), line);
  return plain.length <= 120 ? plain : `${plain.slice(0, 119).toWellFormed()}…`;
}

async function readText(service: string, response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += piece.length;
    if (bytes > replyBytesMax) throw stranger(service, `a reply of more than ${replyBytesMax} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

// The shapes of Dropbox's answers: results, endpoint errors (409), and the plain-text refusals (400).

/** An answer before it is put on the wire. */
export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
  /** Bytes of a file that follow instead of `body`; a generator, since they may be many. */
  file?: { contentHash: string; start: number; end: number };
  /** Goes into the reason phrase, as the content host does it. */
  summary?: string;
}

/** A union value: the tag, and either members beside it or a nested union under the tag's name. */
export interface Tagged {
  '.tag': string;
  [member: string]: unknown;
}

/** Thrown by whatever finds that a request cannot be done; carries the whole answer. */
export class Refusal extends Error {
  readonly reply: Reply;

  constructor(reply: Reply) {
    super(reply.summary ?? reply.body.toString());
    this.reply = reply;
  }
}

export function json(value: unknown, status = 200): Reply {
  return {
    status,
    headers: { 'Content-Type': 'application/json' },
    body: Buffer.from(JSON.stringify(value)),
  };
}

export function plainText(status: number, text: string, headers: Record<string, string> = {}): Reply {
  return {
    status,
    headers: { 'Content-Type': 'text/plain; charset=utf-8', ...headers },
    body: Buffer.from(text),
  };
}

/** `{"error_summary":"path/not_found/..","error":{…}}`; clients must not count on the number of dots. */
export function errorEnvelope(error: Tagged, status: number): Reply {
  const summary = `${tagsOf(error).join('/')}/${'.'.repeat(1 + Math.floor(Math.random() * 3))}`;
  return { ...json({ error_summary: summary, error }, status), summary };
}

/** An endpoint's own error. */
export function endpointError(error: Tagged): Refusal {
  return new Refusal(errorEnvelope(error, 409));
}

/** Tags from the outside in: `nested('path', 'conflict', 'file')`. */
export function nested(...tags: string[]): Tagged {
  const [tag = '', ...rest] = tags;
  return rest.length === 0 ? { '.tag': tag } : { '.tag': tag, [tag]: nested(...rest) };
}

export function under(tag: string, inner: Tagged): Tagged {
  return { '.tag': tag, [tag]: inner };
}

/** A request that does not follow the protocol. */
export function badCall(route: string, problem: string): Refusal {
  return new Refusal(plainText(400, `Error in call to API function "${route}": ${problem}`));
}

export interface RateLimit {
  form?: 'json' | 'json-without-header' | 'plain' | 'plain-without-header';
  retryAfterSeconds?: number;
  reason?: 'too_many_requests' | 'too_many_write_operations';
}

/** A 429 in one of the forms in which it was seen. */
export function tooManyRequests(limit: RateLimit): Reply {
  const { form = 'json', retryAfterSeconds = 1, reason = 'too_many_requests' } = limit;
  const header = { 'Retry-After': String(retryAfterSeconds) };
  if (form === 'plain-without-header') return plainText(429, `${reason}/..`);
  if (form === 'plain') return plainText(429, `${reason}/..`, header);
  const error = { reason: { '.tag': reason }, retry_after: retryAfterSeconds };
  const reply = json({ error_summary: `${reason}/..`, error }, 429);
  const headers = form === 'json' ? { ...reply.headers, ...header } : reply.headers;
  return { ...reply, headers, summary: `${reason}/..` };
}

/** JSON that is safe in a header: everything beyond ASCII is escaped. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function tagsOf(error: Tagged): string[] {
  const inner = error[error['.tag']] ?? error.reason;
  return [error['.tag'], ...(isTagged(inner) ? tagsOf(inner) : [])];
}

function isTagged(value: unknown): value is Tagged {
  return typeof value === 'object' && value !== null && '.tag' in value;
}

// Why a call to Dropbox did not do what it was asked: read once from status, headers and body, then decided on by kind.
import { boundedMs, retryAfterMs } from '../../base/retry-after.ts';

/**
 * - `throttled`: asked to wait (429 in any form)
 * - `contended`: another write holds the namespace; later, and not in parallel
 * - `token`: the access token is not (or no longer) accepted
 * - `scope`: the app or its token lacks a permission, `requiredScope`
 * - `unreachable`: no reply; what was asked may have been done
 * - `server`: a 5xx; what was asked may have been done
 * - `stranger`: something answered that is not Dropbox, or a reply that was cut off
 * - `endpoint`: the call's own error, named by `tags`
 * - `rejected`: 400, 403 and whatever else repeating would not change
 */
export type DropboxFailureKind =
  | 'throttled'
  | 'contended'
  | 'token'
  | 'scope'
  | 'unreachable'
  | 'server'
  | 'stranger'
  | 'endpoint'
  | 'rejected';

/** A call that failed. Its message names no secret. */
export class DropboxFailure extends Error {
  readonly kind: DropboxFailureKind;
  /** The tags of the endpoint's own error, outermost first: `['lookup_failed', 'incorrect_offset']`; none with any other. */
  readonly tags: readonly string[];
  readonly status: number | undefined;
  /** How long Dropbox asks to wait, where it does: a 429 always, a 5xx at times. */
  readonly retryAfterMs: number | undefined;
  /** For `incorrect_offset`: how many bytes the upload session holds. */
  readonly correctOffset: number | undefined;
  readonly requiredScope: string | undefined;

  constructor(
    kind: DropboxFailureKind,
    message: string,
    details: {
      tags?: readonly string[];
      status?: number;
      retryAfterMs?: number | undefined;
      correctOffset?: number | undefined;
      requiredScope?: string | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'DropboxFailure';
    this.kind = kind;
    this.tags = details.tags ?? [];
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
    this.correctOffset = details.correctOffset;
    this.requiredScope = details.requiredScope;
  }

  /** Whether the tags hold this one, at any depth. */
  has(tag: string): boolean {
    return this.tags.includes(tag);
  }

  /** Whether the reply was lost or unreadable, so that what was asked may have been done all the same. */
  get inDoubt(): boolean {
    return this.kind === 'unreachable' || this.kind === 'server' || this.kind === 'stranger';
  }
}

/** What of a reply decides its kind. */
export interface FailedReply {
  status: number;
  header(name: string): string | null;
  /** Parsed when it was JSON, otherwise the text. */
  body: unknown;
}

/** What a reply's text says: parsed when it is JSON, otherwise the text itself (every 400, and what proxies send). */
export function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The failure that a reply other than 2xx with this text is. */
export function failureOfReply({ status, headers }: Response, text: string): DropboxFailure {
  return failureOf({ status, header: (name) => headers.get(name), body: parseBody(text) });
}

/** Reads a reply other than 2xx. */
export function failureOf({ status, header, body }: FailedReply): DropboxFailure {
  const summary = summaryOf(body);
  const id = header('x-dropbox-request-id');
  const message = `HTTP ${status}${summary === '' ? '' : `: ${summary}`}${id === null ? '' : ` (request ${id})`}`;
  if (isForeignPage(status, id, body)) return strangerFailure(`HTTP ${status}, a web page`);
  const tags = tagsOf(errorOf(body));
  if (status === 429) return throttled(message, status, header, body);
  if (status === 409) return endpointFailure(message, status, body, tags);
  if (status === 401 || status === 400) return accessFailure(message, status, body, tags);
  if (status !== 408 && status < 500) return new DropboxFailure('rejected', message, { status });
  const askedMs = retryAfterMs(header('retry-after'), header('date'));
  return new DropboxFailure('server', message, { status, retryAfterMs: askedMs });
}

/**
 * A page without Dropbox's request id comes from somebody in between: 511 is made for captive portals, and 407 for
 * proxies. Only 500 and 502 to 504 may be pages of Dropbox's own outermost servers.
 */
function isForeignPage(status: number, requestId: string | null, body: unknown): boolean {
  if (requestId !== null || typeof body !== 'string' || !looksLikeHtml(body)) return false;
  return status < 500 || status > 504;
}

/** Something that is not Dropbox answered; `what` says what came instead. */
export function strangerFailure(what: string): DropboxFailure {
  return new DropboxFailure('stranger', `this is not Dropbox answering: ${what}`);
}

/** Whether a text is a web page: what a captive portal, or a proxy in between, sends for everything. */
export function looksLikeHtml(text: string): boolean {
  return /^\s*<(?:!doctype|html|head|body|\?xml)/i.test(text);
}

/** Dropbox's own floor where a 429 says nothing of how long. */
const retryAfterFloorMs = 1000;

/** Both the header and the body may say how long, and either may be missing: the longer one counts. */
function throttled(
  message: string,
  status: number,
  header: FailedReply['header'],
  body: unknown,
): DropboxFailure {
  const inBody = recordOf(errorOf(body))?.retry_after;
  const saidMs = [
    retryAfterMs(header('retry-after'), header('date')),
    boundedMs(Number(typeof inBody === 'string' || typeof inBody === 'number' ? inBody : 0) * 1000),
  ];
  const askedMs = Math.max(retryAfterFloorMs, ...saidMs.map((ms) => ms ?? 0));
  return new DropboxFailure('throttled', message, { status, retryAfterMs: askedMs });
}

/** 401 is about the token; 400 may be, when the app itself lacks the scope. */
function accessFailure(
  message: string,
  status: number,
  body: unknown,
  tags: readonly string[],
): DropboxFailure {
  const error = recordOf(errorOf(body));
  const scope =
    typeof error?.required_scope === 'string'
      ? error.required_scope
      : /required scope '([a-z_.]+)'/.exec(typeof body === 'string' ? body : '')?.[1];
  if (scope !== undefined) return new DropboxFailure('scope', message, { status, requiredScope: scope });
  if (status === 400) return new DropboxFailure('rejected', message, { status });
  const renewable = tags.length === 0 || tags.some((tag) => /^(expired|invalid)_access_token$/.test(tag));
  return new DropboxFailure(renewable ? 'token' : 'rejected', message, { status });
}

function endpointFailure(
  message: string,
  status: number,
  body: unknown,
  tags: readonly string[],
): DropboxFailure {
  if (tags.includes('too_many_write_operations'))
    return new DropboxFailure('contended', message, { tags, status });
  if (tags.length === 0) return strangerFailure(`HTTP ${status} without Dropbox's words`);
  return new DropboxFailure('endpoint', message, { tags, status, correctOffset: offsetIn(errorOf(body)) });
}

/** Deeper than any error of Dropbox: what goes on below is none. */
const tagsMax = 8;

/** The chain of `.tag`s, from the outermost to the innermost; none where it has no end. */
function tagsOf(error: unknown): string[] {
  const chain = unionsIn(error);
  return chain.length > tagsMax ? [] : chain.flatMap(({ '.tag': tag }) => (isTag(tag) ? [tag] : []));
}

function offsetIn(error: unknown): number | undefined {
  const offset = unionsIn(error).find((union) => union.correct_offset !== undefined)?.correct_offset;
  return typeof offset === 'number' && Number.isSafeInteger(offset) ? offset : undefined;
}

/** A union and those in it: below its tag, or as an upload's WriteError and the reason of a 429 below `reason`. */
function unionsIn(error: unknown): Record<string, unknown>[] {
  const chain: Record<string, unknown>[] = [];
  let union = recordOf(error);
  while (union !== undefined && chain.length <= tagsMax) {
    chain.push(union);
    const tag = union['.tag'];
    union = (isTag(tag) ? recordOf(union[tag]) : undefined) ?? recordOf(union.reason);
  }
  return chain;
}

function isTag(tag: unknown): tag is string {
  return typeof tag === 'string' && /^\w{1,64}$/.test(tag);
}

function errorOf(body: unknown): unknown {
  return recordOf(body)?.error;
}

/** A line that may be shown: Dropbox's own summary, or the start of its text. */
function summaryOf(body: unknown): string {
  const summary = recordOf(body)?.error_summary;
  const text =
    typeof summary === 'string' ? summary.replace(/\/\.*$/, '') : typeof body === 'string' ? body : '';
  if (looksLikeHtml(text)) return 'a web page';
  // Control characters would let a reply write into the operator's terminal; a refusal may quote what was sent.
  return text
    .replace(/Bearer [^\s"]+/gi, 'Bearer ***')
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, 300);
}

function recordOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

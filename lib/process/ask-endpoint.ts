// One GET of an address that somebody watches, whatever answers there: within its time, with a bounded answer, to the one
// host. By Node's plain HTTP: its fetch follows, unpacks and keeps more than it is asked to, and needs memory for it.
import http, { type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { errorCode } from '../base/errors.ts';
import { formatBytes, formatDuration } from '../base/format.ts';
import { networkReason } from '../base/network-reason.ts';
import { clip, printable } from '../base/printable.ts';
import { connectTls, hostOf, OtherCertificate, type TlsTarget } from './tls-connection.ts';

export interface EndpointQuestion {
  url: string;
  /** For everything together. */
  timeoutMs: number;
  signal: AbortSignal;
  /** So much of the answer is read and no more. */
  bodyBytesMax: number;
  /** Whether a redirect to the same host is followed. */
  follow: boolean;
  proof: TlsTarget['proof'];
  /** Where etc/ is. */
  root: string;
}

export interface EndpointAnswer {
  status: number;
  /** Unpacked; undefined where it is longer than it may be, packed or not. */
  body: Buffer | undefined;
}

/** There is no answer, or none that can be read: what the address does, as the rest of a sentence. */
export class EndpointFailure extends Error {
  constructor(words: string, options?: ErrorOptions) {
    super(words, options);
    this.name = 'EndpointFailure';
  }
}

const redirectsMax = 5;

/** Throws EndpointFailure, and the signal's reason on abort. */
export async function askEndpoint(question: EndpointQuestion): Promise<EndpointAnswer> {
  const { signal, timeoutMs, follow } = question;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  let url = new URL(question.url);
  try {
    for (let redirects = 0; redirects <= redirectsMax; redirects += 1) {
      const answer = await exchange(url, question, limit);
      const to = follow ? redirection(answer, url) : undefined;
      if (to === undefined) return { status: answer.status, body: unpacked(answer, question.bodyBytesMax) };
      url = to;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof EndpointFailure) throw error;
    if (limit.aborted) throw new EndpointFailure(`does not answer within ${formatDuration(timeoutMs)}`);
    throw new EndpointFailure(failureWords(error), { cause: error });
  }
  throw new EndpointFailure(`redirects more than ${redirectsMax} times`);
}

interface Exchanged {
  status: number;
  location: string | undefined;
  encoding: string;
  body: Buffer;
  isCut: boolean;
}

async function exchange(url: URL, question: EndpointQuestion, signal: AbortSignal): Promise<Exchanged> {
  const { proof, root } = question;
  const socket = url.protocol === 'https:' ? await connectTls({ url, signal, proof, root }) : undefined;
  try {
    return await get(url, question, signal, socket);
  } finally {
    socket?.destroy();
  }
}

function get(
  url: URL,
  { bodyBytesMax }: EndpointQuestion,
  signal: AbortSignal,
  socket: Socket | undefined,
): Promise<Exchanged> {
  return new Promise((resolve, reject) => {
    const request = http.request({
      host: hostOf(url),
      port: url.port || 80,
      path: `${url.pathname}${url.search}`,
      // A connection of its own, and no proxy: this very address is asked.
      ...(socket === undefined ? { agent: false } : { createConnection: () => socket }),
      headers: {
        host: url.host,
        accept: '*/*',
        'accept-encoding': 'identity',
        'user-agent': 'holdfast-health-check',
        connection: 'close',
      },
      signal,
    });
    request.on('error', reject);
    // Of some endings it says nothing else: another protocol that nobody asked for is one.
    let isAnswered = false;
    request.on('close', () => {
      if (!isAnswered) reject(new EndpointFailure('ends the connection without an answer'));
    });
    request.on('upgrade', (response: IncomingMessage, upgraded: Socket) => {
      upgraded.destroy();
      reject(new EndpointFailure(`answers ${response.statusCode}, another protocol that nobody asked for`));
    });
    request.on('response', (response) => {
      isAnswered = true;
      readBody(response, bodyBytesMax)
        .then(resolve, reject)
        .finally(() => request.destroy());
    });
    request.end();
  });
}

async function readBody(response: IncomingMessage, bodyBytesMax: number): Promise<Exchanged> {
  const { statusCode: status = 0, headers } = response;
  const found = {
    status,
    location: headers.location,
    encoding: (headers['content-encoding'] ?? '').trim().toLowerCase(),
  };
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) return { ...found, body: Buffer.alloc(0), isCut: true };
    chunks.push(chunk);
  }
  return { ...found, body: Buffer.concat(chunks), isCut: false };
}

/** Where it leads, on the same host and no less protected; undefined where it is no redirect. */
function redirection({ status, location }: Exchanged, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return undefined;
  const to = URL.parse(location, from);
  if (to === null || !/^https?:$/.test(to.protocol))
    throw new EndpointFailure(`answers ${status}, a redirect to no valid address`);
  if (to.hostname !== from.hostname)
    throw new EndpointFailure(`answers ${status}, a redirect to another host, ${shown(to.host)}`);
  if (from.protocol === 'https:' && to.protocol === 'http:')
    throw new EndpointFailure(`answers ${status}, a redirect from https to http`);
  return to;
}

const unpackers: Record<string, (body: Buffer, options: { maxOutputLength: number }) => Buffer> = {
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
};

/** Nobody asked for it to be packed, and some do it all the same. */
function unpacked({ encoding, body, isCut }: Exchanged, bodyBytesMax: number): Buffer | undefined {
  if (isCut) return undefined;
  if (encoding === '' || encoding === 'identity') return body;
  const unpack = unpackers[encoding];
  if (unpack === undefined)
    throw new EndpointFailure(`answers in an encoding nobody asked for, ${shown(encoding)}`);
  try {
    return unpack(body, { maxOutputLength: bodyBytesMax });
  } catch (error) {
    if (errorCode(error) === 'ERR_BUFFER_TOO_LARGE')
      throw new EndpointFailure(`sends what unpacks to more than ${formatBytes(bodyBytesMax)}`, {
        cause: error,
      });
    throw new EndpointFailure(`sends what is no ${shown(encoding)}, though it says so`, { cause: error });
  }
}

const words: Record<string, string> = {
  ECONNREFUSED: 'refuses the connection',
  ECONNRESET: 'breaks the connection off before all of its answer is there',
  ENOTFOUND: 'has a name that nobody knows (ENOTFOUND)',
  EAI_AGAIN: 'has a name that could not be looked up (EAI_AGAIN)',
  EHOSTUNREACH: 'cannot be reached (EHOSTUNREACH)',
  ENETUNREACH: 'cannot be reached (ENETUNREACH)',
  ETIMEDOUT: 'does not take the connection (ETIMEDOUT)',
  CERT_HAS_EXPIRED: 'shows a certificate that has ended',
  CERT_NOT_YET_VALID: 'shows a certificate that is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'shows a certificate of another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'shows a certificate that it signed itself: pin it by its fingerprint',
  SELF_SIGNED_CERT_IN_CHAIN: 'shows a certificate of an issuer that this machine does not trust',
  UNABLE_TO_GET_ISSUER_CERT: 'shows a certificate of an issuer that this machine does not know',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'shows a certificate of an issuer that this machine does not know',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'shows a certificate without those of its issuers',
};

function failureWords(error: unknown): string {
  if (error instanceof OtherCertificate)
    return `shows another certificate than the pinned one: ${error.sha256}`;
  const code = errorCode(error instanceof AggregateError ? (error.errors as unknown[])[0] : error) ?? '';
  const known = words[code];
  if (known !== undefined) return known;
  if (code.startsWith('HPE_')) return `answers with what is no HTTP (${code})`;
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) return `speaks no TLS that fits (${code})`;
  return `cannot be asked: ${shown(networkReason(error))}`;
}

function shown(text: string): string {
  return printable(clip(text, 100));
}

// The other side over HTTP: lib/delta/peer kept over a network that loses, lies and asks for logins.
import type { Clock } from '../base/clock.ts';
import { OpsError } from '../base/errors.ts';
import { createPace } from '../base/pace.ts';
import {
  batchResultMessage,
  type Message,
  offeredMessage,
  offerMessage,
  peerStateMessage,
  refusalMessage,
  takeoverMessage,
} from '../delta/messages.ts';
import { type Peer, PeerTrouble } from '../delta/peer.ts';
import { ProtocolRefusal } from '../delta/refusal.ts';
import {
  correctionsMessage,
  daysMessage,
  daysQueryMessage,
  digestQueriesMessage,
  digestsMessage,
  frozenDaysMessage,
  heldMessage,
  keysMessage,
  keysQueryMessage,
  unconfirmedMessage,
} from '../delta/row-messages.ts';
import { Fields, type Flaw } from '../record/fields.ts';
import type { Destination } from './connection.ts';
import { Exchanges, type ProvenAnswer, type Question } from './exchange.ts';

export interface PeerOptions extends Destination {
  /** `hfd_` and 40 letters or digits. */
  readonly key: string;
  /** Without a byte in either direction for so long, the receiver is out of reach. */
  readonly timeoutMs: number;
  /** Of what is sent; undefined for no limit. */
  readonly limitBytesPerSecond: number | undefined;
  readonly clock: Clock;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

const api = '/delta/v1';

/** Connects when it is first asked something, and again whenever the connection is gone. */
export function createPeer({ clock, wait, limitBytesPerSecond, ...options }: PeerOptions): Peer {
  const pace = createPace(limitBytesPerSecond, clock, wait);
  const exchanges = new Exchanges({ ...options, pace });
  const called = options.to.host;
  const ask = async (question: Question) => {
    const answer = await exchanges.ask({ ...question, path: `${api}${question.path}` });
    if (answer.status !== 200 && answer.status !== 202) throw refusal(answer, called);
    return answer;
  };
  const get = async <T>(path: string, { parse }: Message<T>) =>
    read(await ask({ method: 'GET', path }), parse, called);
  const post = async <T>(path: string, body: Record<string, unknown>, parse: Parse<T>) =>
    read(await ask({ method: 'POST', path, body: json(body) }), parse, called);
  return {
    state: () => get('/state', peerStateMessage),
    unconfirmed: () => get('/unconfirmed', unconfirmedMessage),
    offer: (shapes) => post('/shapes', offerMessage.format(shapes), offeredMessage.parse),
    async send({ epoch, batchNo, sizeBytes, sha256, offset, bytes }) {
      const query = `size=${sizeBytes}&sha256=${sha256}&offset=${offset}`;
      const body = { type: 'application/octet-stream', bytes };
      const answer = await ask({ method: 'PUT', path: `/batches/${epoch}/${batchNo}?${query}`, body });
      return answer.status === 202
        ? { received: read(answer, (value, flaw) => new Fields(value, '', flaw).count('received'), called) }
        : { result: read(answer, parseApplied, called) };
    },
    takeOver: (sender) => post('/takeover', takeoverMessage.format(sender), () => undefined),
    digest: (queries) => post('/digest', digestQueriesMessage.format(queries), digestsMessage.parse),
    days: (table) => post('/days', daysQueryMessage.format(table), daysMessage.parse),
    keys: (query, limit) => post('/keys', keysQueryMessage.format({ query, limit }), keysMessage.parse),
    held: (query) => get(`/held?${queryOf(query)}`, heldMessage),
    frozenDays: () => get('/frozen', frozenDaysMessage),
    corrections: (since, limit) => get(`/corrections?${queryOf({ since, limit })}`, correctionsMessage),
    close: () => exchanges.close(),
  };
}

type Parse<T> = (value: unknown, flaw: Flaw) => T;

function parseApplied(value: unknown, flaw: Flaw) {
  return batchResultMessage.parse(new Fields(value, '', flaw).optional('result'), flaw);
}

function json(value: Record<string, unknown>) {
  return { type: 'application/json', bytes: Buffer.from(JSON.stringify(value)) };
}

function queryOf(values: Record<string, string | number | undefined>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
}

/** What a proven answer says, as what it must be. */
function read<T>({ body }: ProvenAnswer, parse: Parse<T>, called: string): T {
  const flaw: Flaw = (cause) => new OpsError('unavailable', cause);
  try {
    return parse(parseJson(body, flaw), flaw);
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    throw new PeerTrouble('failed', `${called} answers what nobody here understands: ${error.message}`, {
      cause: error,
    });
  }
}

/** Why the receiver does not do it, from its own answer. */
function refusal(answer: ProvenAnswer, called: string): Error {
  const { status, retryAfterMs } = answer;
  if (status === 400 || status === 409) {
    const { reason, message, state } = read(answer, refusalMessage.parse, called);
    return new ProtocolRefusal(reason, message, state);
  }
  const said = messageOf(answer);
  if (status === 401 || status === 403)
    return new PeerTrouble('denied', `${called} does not take our key: ${said}`);
  if (status === 413) return new PeerTrouble('too-large', `${called} takes no such piece: ${said}`);
  if (status === 429 || status === 503)
    return new PeerTrouble('busy', `${called} cannot take it now: ${said}`, { retryAfterMs });
  return new PeerTrouble('failed', `${called} could not do it: ${said} (HTTP ${status})`, { retryAfterMs });
}

function messageOf({ body }: ProvenAnswer): string {
  const flaw: Flaw = (cause) => new OpsError('unavailable', cause);
  try {
    return new Fields(parseJson(body, flaw), '', flaw).text('message').slice(0, 2000);
  } catch {
    return 'it does not say why';
  }
}

function parseJson(body: Buffer, flaw: Flaw): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw flaw('it is not JSON, or it is cut short');
  }
}

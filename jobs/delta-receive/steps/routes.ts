// What sources may ask of the receiver, each of the replica that it feeds. The words of it are in lib/delta/messages.
import {
  type Message,
  offeredMessage,
  offerMessage,
  peerStateMessage,
  takeoverMessage,
} from '../../../lib/delta/messages.ts';
import { ProtocolRefusal } from '../../../lib/delta/refusal.ts';
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
} from '../../../lib/delta/row-messages.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import { type Asked, Refused, type Said } from '../../../lib/http/asked.ts';
import type { Route } from '../../../lib/http/server.ts';
import type { Staging } from '../../../lib/http/staging.ts';
import { dayRuleOf } from '../../../lib/delta/day.ts';
import type { DayRule, ReplicaPolicy } from '../../../lib/delta/policy.ts';
import type { Replica } from '../../../lib/replica/replica.ts';
import type { BatchTaker } from './take-batches.ts';

/** A replica that is open. */
export interface OpenReplica {
  readonly name: string;
  readonly policy: ReplicaPolicy;
  readonly replica: Replica;
}

export interface Receiver {
  /** By the source that feeds it; undefined for a source that feeds none. Throws OpsError where it cannot be opened. */
  replicaOf(source: string): Promise<OpenReplica | undefined>;
  readonly staging: Staging;
  readonly taker: BatchTaker;
  readonly version: string;
  /** A source has asked for something, and has a key. */
  seen(source: string): void;
  status(replica: OpenReplica): Promise<Record<string, unknown>>;
}

const api = '/delta/v1';
const listMax = 10_000;

export function receiverRoutes(receiver: Receiver): Route[] {
  const route = (
    method: Route['method'],
    path: string,
    body: Route['body'],
    handle: (asked: Asked, replica: OpenReplica) => Promise<Said>,
  ): Route => ({
    method,
    path: `${api}${path}`,
    body,
    handle: (asked) => heard(open(receiver, asked).then((replica) => handle(asked, replica))),
  });
  const get = <T>(
    path: string,
    message: Message<T>,
    read: (asked: Asked, replica: OpenReplica) => Promise<T>,
  ) => route('GET', path, 'none', async (asked, replica) => said(message.format(await read(asked, replica))));
  const post = <Q, T>(
    path: string,
    [question, message]: [Message<Q>, Message<T>],
    read: (question: Q, replica: Replica, asked: Asked) => Promise<T>,
  ) =>
    route('POST', path, 'json', async (asked, { replica }) =>
      said(message.format(await read(question.parse(asked.json(), flaw), replica, asked))),
    );
  return [
    get('/state', peerStateMessage, (asked, replica) => stateOf(receiver, asked, replica)),
    get('/unconfirmed', unconfirmedMessage, ({ source }, { replica }) => replica.unconfirmed(source)),
    get('/frozen', frozenDaysMessage, async (_, { replica }) =>
      (await replica.frozenDays()).map(({ day }) => day),
    ),
    get('/held', heldMessage, (asked, { replica }) => replica.held(heldQuery(asked))),
    get('/corrections', correctionsMessage, (asked, { replica }) =>
      replica.corrections(numberOf(asked, 'since', 0, Number.MAX_SAFE_INTEGER), limitOf(asked)),
    ),
    route('GET', '/status', 'none', async (_, replica) => said(await receiver.status(replica))),
    post('/shapes', [offerMessage, offeredMessage], (shapes, replica, { source }) =>
      replica.offer(source, shapes),
    ),
    post('/takeover', [takeoverMessage, done], async (sender, replica, { source }) => {
      await replica.takeOver(source, sender);
      await receiver.staging.remove(source);
    }),
    post('/digest', [digestQueriesMessage, digestsMessage], (queries, replica) => replica.digest(queries)),
    post('/days', [daysQueryMessage, daysMessage], (table, replica) => replica.days(table)),
    post('/keys', [keysQueryMessage, keysMessage], ({ query, limit }, replica) =>
      replica.keys(query, Math.min(limit, listMax)),
    ),
    route('PUT', '/batches/:epoch/:no', 'bytes', (asked, { replica }) => receiver.taker.take(asked, replica)),
  ];
}

async function open(receiver: Receiver, { source }: Asked): Promise<OpenReplica> {
  receiver.seen(source);
  const replica = await receiver.replicaOf(source);
  if (replica !== undefined) return replica;
  throw new Refused(403, `${source} feeds no replica here: name it in sources of [replicas.<name>]`);
}

async function stateOf(
  { staging, version }: Receiver,
  { source }: Asked,
  { name, policy, replica }: OpenReplica,
) {
  const tables = Object.entries(policy.tables);
  return {
    state: await replica.state(source),
    staged: await staging.look(source),
    dayRules: dayRulesOf(policy, await replica.tables()),
    deletions: Object.fromEntries([
      ...tables.map(([table, { deletions }]) => [table, deletions]),
      ['*', policy.otherTables.deletions],
    ]) as Record<string, 'apply' | 'keep' | 'mark'>,
    replica: name,
    version,
  };
}

/** Of all tables that are here or that the policy names. */
function dayRulesOf(policy: ReplicaPolicy, tables: readonly string[]) {
  const names = new Set([...Object.keys(policy.tables), ...tables]);
  return Object.fromEntries(
    [...names].flatMap((name) => {
      const rule = dayRuleOf(policy, name);
      return rule === undefined ? [] : [[name, rule]];
    }),
  ) as Record<string, DayRule>;
}

/** Of changes of its own alone. */
function heldQuery(asked: Asked) {
  const text = (name: string) => {
    const value = asked.query(name);
    if (value !== undefined && value.length > 500) throw flaw(`${name} is none`);
    return value;
  };
  return { source: asked.source, day: text('day'), table: text('table'), limit: limitOf(asked) };
}

function limitOf(asked: Asked): number {
  return numberOf(asked, 'limit', 1, listMax);
}

function numberOf(asked: Asked, name: string, min: number, max: number): number {
  const text = asked.query(name) ?? '';
  const value = /^\d{1,16}$/.test(text) ? Number(text) : -1;
  if (value < min || value > max) throw flaw(`${name} is no number from ${min} to ${max}`);
  return value;
}

const done: Message<void> = { format: () => ({ ok: true }), parse: () => undefined };

function said(body: Record<string, unknown>): Said {
  return { status: 200, body };
}

/** What is wrong with a question, for whoever sent it. */
class MalformedQuestion extends OpsError {}

function flaw(cause: string): OpsError {
  return new MalformedQuestion('damaged', cause);
}

async function heard(answer: Promise<Said>): Promise<Said> {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof MalformedQuestion ? new ProtocolRefusal('malformed', error.message) : error;
  }
}

// Everything that one running stand-in consists of, as the routes see it.
import type { IncomingHttpHeaders } from 'node:http';
import type { Blobs } from './blobs.ts';
import type { DurableState } from './durable.ts';
import type { Effects, Faults } from './faults.ts';
import type { Link } from './link.ts';
import type { Namespace, Tree } from './namespace.ts';
import type { Reply } from './replies.ts';
import type { ReceivedBody } from './request-body.ts';
import type { RequestLog, RequestLogEntry } from './request-log.ts';
import type { Switches } from './switches.ts';
import type { AccessToken, Tokens } from './tokens.ts';
import type { UploadSessions } from './upload-sessions.ts';
import type { Violations } from './violations.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** Who the app and its user are; kept with the files. */
export interface Account {
  accountId: string;
  uid: string;
  appKey: string;
  appSecret: string;
  refreshToken: string;
}

export interface Service {
  account: Account;
  appScopes: readonly string[];
  quotaBytes: () => number;
  /** Everything written inside is there after a kill, or nothing of it. */
  atomically: DurableState['atomically'];
  clock: VirtualClock;
  link: Link;
  blobs: Blobs;
  namespace: Namespace;
  sessions: UploadSessions;
  tokens: Tokens;
  switches: Switches;
  faults: Faults;
  log: RequestLog;
  violations: Violations;
  /** Answers of batch routes that are fetched later. */
  jobs: Map<string, { route: string; result: object; asked: number }>;
}

/** One call of a route whose authorization, headers and argument are in order; what is the same for all routes. */
export interface Caller {
  service: Service;
  route: string;
  request: RequestLogEntry;
  headers: IncomingHttpHeaders;
  effects: Effects;
  /** Of an upload-style route; empty elsewhere. */
  body: ReceivedBody;
  token?: AccessToken | undefined;
  /** Aborted when the client is gone. */
  gone: AbortSignal;
}

export interface Call<Argument = unknown> extends Caller {
  argument: Argument;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- arguments.ts guarantees what each handler declares
export type Handler = (call: Call<any>) => Reply | Promise<Reply>;

/** What reads see: the tree, or an older one when a fault makes reads stale, or changes take their time. */
export function visibleTree({ service, effects }: Caller): Tree {
  const { namespace, switches, clock } = service;
  const stale = effects.one('staleRead');
  if (stale !== undefined) return namespace.before(stale.changes ?? 1);
  return switches.visibleAfterMs === 0
    ? namespace.tree
    : namespace.asOf(clock.now() - switches.visibleAfterMs);
}

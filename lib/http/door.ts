// Who is let in, and how often. A key is looked at first: whoever has one is not slowed by what others do at the same
// address, and whoever has none is refused without a look at anything else.
import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { OpsError } from '../base/errors.ts';
import { type Said, setEntered } from './asked.ts';
import { isKey } from './keys.ts';
import { Budgets } from './limits.ts';
import { challengeHeader, hashOfKey } from './proof.ts';
import type { HttpRequest } from './server.ts';
import { createStrangers, strangerRetrySeconds } from './strangers.ts';

/** A sender asks a few times a minute, and in a walk a few times a second. */
const sourceBudget = { perSecond: 20, burst: 200 };
/** Connections of one address that have not shown a key yet. */
const strangersMax = 256;

interface DoorOptions {
  readonly config: { readonly isBehindProxy: boolean };
  readonly nameOf: (key: string) => string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Door {
  connected(socket: Socket): void;
  /** Lets it in, or returns what is said instead. */
  enter(request: HttpRequest): Said | undefined;
}

export function createDoor({ config, nameOf, clock, log }: DoorOptions): Door {
  const sources = new Budgets(sourceBudget, clock);
  // Behind a proxy all connections are its own.
  const connectionsMax = config.isBehindProxy ? undefined : strangersMax;
  const strangers = createStrangers({ connectionsMax, clock, log });
  const stranger = (request: HttpRequest, message: string): Said =>
    strangers.ask(request.ip)
      ? { status: 401, body: { message } }
      : {
          status: 429,
          body: { message: 'too many requests without a key' },
          retryAfterSeconds: strangerRetrySeconds,
        };
  return {
    connected: strangers.connected,
    enter(request) {
      if (request.url === '/health') return undefined;
      const key = keyOf(request.headers.authorization);
      if (key === undefined) return stranger(request, 'a key is needed: delta-receive key add makes one');
      const challenge = challengeOf(request);
      const keyHash = hashOfKey(key);
      // Also who shows a key that is none any more can tell us from a login page.
      if (challenge !== undefined) setEntered(request, { keyHash, challenge });
      const source = nameIfReadable(key, nameOf, log);
      if (typeof source === 'object') return source;
      if (source === undefined)
        return stranger(
          request,
          'this key is not known here, or not any more: delta-receive key list names those that are',
        );
      strangers.known(request.raw.socket);
      if (challenge === undefined)
        return { status: 400, body: { message: `it has no ${challengeHeader} of 32 hex digits` } };
      setEntered(request, { keyHash, challenge, source });
      return sources.take(source)
        ? undefined
        : { status: 429, body: { message: 'too many requests at once' }, retryAfterSeconds: 5 };
    },
  };
}

function nameIfReadable(key: string, nameOf: DoorOptions['nameOf'], log: Log): string | Said | undefined {
  try {
    return nameOf(key);
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    log.error(error.message, { hint: error.hint });
    return { status: 503, body: { message: 'it cannot read its keys now' }, retryAfterSeconds: 60 };
  }
}

function keyOf(header: string | undefined): string | undefined {
  const key = /^Bearer (\S+)$/i.exec(header ?? '')?.[1];
  return key !== undefined && isKey(key) ? key : undefined;
}

function challengeOf({ headers }: HttpRequest): string | undefined {
  const challenge = headers[challengeHeader];
  return typeof challenge === 'string' && /^[0-9a-f]{32}$/.test(challenge) ? challenge : undefined;
}

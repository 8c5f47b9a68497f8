// Scripted faults: which request they hit, and what happens to it.
import type { RateLimit } from './replies.ts';
import type { RequestLogEntry } from './request-log.ts';

/** At which moment of a request something happens. Only an upload has a body that is still on its way on arrival. */
export type Moment = 'arrival' | 'after-body' | 'after-apply';

/** What a `run` action sees. */
interface FaultContext {
  /** Also holds the argument. */
  request: RequestLogEntry;
  /** Destroys the connection without an answer. */
  drop(): void;
}

export type FaultAction =
  /** Destroys the connection after so many bytes of the body; nothing is applied but what `partialAppend` keeps. */
  | { kind: 'dropBefore'; bytes?: number }
  /** The request is applied, its answer is lost. */
  | { kind: 'dropAfterApply' }
  | ({ kind: 'reply' } & ScriptedReply)
  | ({ kind: 'replyAfterApply' } & ScriptedReply)
  | { kind: 'delay'; milliseconds: number; when?: Moment }
  /** No answer until clearFaults or stop. A client that gives up in the middle of sending is not noticed, so the body
   *  is received first. */
  | { kind: 'hang'; when?: Moment }
  /** Ends the answer after so many bytes: with a broken connection, or as if it were complete. */
  | { kind: 'truncateResponse'; bytes: number; complete?: boolean }
  /** Flips the bits of one byte of the answer's body. */
  | { kind: 'corruptByte'; at: number }
  | { kind: 'slowLoris'; bytesPerSecond: number }
  | ({ kind: 'tooManyRequests'; afterApply?: boolean } & RateLimit)
  /** Lock contention: as a rate limit, as the endpoint's own error, or for entries of a batch (all without a list). */
  | { kind: 'tooManyWrites'; as: '429' | '409' | 'entry'; entries?: number[]; retryAfterSeconds?: number }
  /** The page of a captive portal. */
  | { kind: 'html200'; afterApply?: boolean }
  | { kind: 'wrongMetadata'; change: 'content_hash' | 'size' | 'path' | 'rev' }
  /** Makes another answer of the true one: of what its JSON says, also where that is in a header. */
  | { kind: 'alter'; alter: (answer: never) => unknown }
  | { kind: 'ignoreRange' }
  | { kind: 'missingResultHeader' }
  /** The upload session that the request names is gone. */
  | { kind: 'sessionForget' }
  | { kind: 'cursorReset' }
  /** The last entry of the page comes once more at its start. */
  | { kind: 'pageDuplicate' }
  /** No entries, has_more, and a cursor that goes on. */
  | { kind: 'emptyPage' }
  /** Reads do not see the latest change yet. */
  | { kind: 'staleRead'; changes?: number }
  /** Somebody writes other contents of the same length to the file before it is served. */
  | { kind: 'changeFileBetweenRanges' }
  | { kind: 'autorenameSurprise' }
  /** Calls the test, at a moment or after so many bytes of the body. */
  | { kind: 'run'; run: (context: FaultContext) => void | Promise<void>; when?: Moment; afterBytes?: number };

export interface ScriptedReply {
  status: number;
  /** An object is sent as JSON. */
  body?: string | object;
  headers?: Record<string, string>;
}

export interface Fault {
  /** 'files/upload_session/append_v2', or a pattern for several. */
  route: string | RegExp;
  /** The first call it hits, counted from now on; 1 when absent. */
  nth?: number;
  /** How many calls it hits; 1 when absent, Infinity for every one. */
  times?: number;
  /** Further condition on the call; calls that do not match are not counted. */
  matches?: (request: RequestLogEntry) => boolean;
  action: FaultAction;
}

export type ActionOf<Kind extends FaultAction['kind']> = Extract<FaultAction, { kind: Kind }>;

/** What one request meets. */
export class Effects {
  readonly actions: readonly FaultAction[];
  /** How often faults had been cleared when the request met them. */
  readonly era: number;

  constructor(actions: readonly FaultAction[], era = 0) {
    this.actions = actions;
    this.era = era;
  }

  one<Kind extends FaultAction['kind']>(kind: Kind): ActionOf<Kind> | undefined {
    return this.all(kind)[0];
  }

  all<Kind extends FaultAction['kind']>(kind: Kind): ActionOf<Kind>[] {
    return this.actions.filter((action): action is ActionOf<Kind> => action.kind === kind);
  }

  has(kind: FaultAction['kind']): boolean {
    return this.one(kind) !== undefined;
  }
}

export class Faults {
  private armed: { fault: Fault; seen: number; used: number }[] = [];
  private readonly hanging = new Set<() => void>();
  private era = 0;

  add(fault: Fault): void {
    this.armed.push({ fault, seen: 0, used: 0 });
  }

  /** Also ends everything that hangs. */
  clear(): void {
    this.armed = [];
    this.release();
  }

  /** Ends everything that hangs, and everything that was about to. */
  release(): void {
    this.era += 1;
    for (const end of this.hanging) end();
    this.hanging.clear();
  }

  /** The faults that were set and have not hit as often as they should. */
  get waiting(): Fault[] {
    return this.armed.filter(({ fault, used }) => used < (fault.times ?? 1)).map(({ fault }) => fault);
  }

  effectsOn(request: RequestLogEntry): Effects {
    const hits = this.armed.filter(({ fault }) => hitsRoute(fault, request));
    const actions = hits.flatMap((armed) => {
      armed.seen += 1;
      const due = armed.seen >= (armed.fault.nth ?? 1) && armed.used < (armed.fault.times ?? 1);
      if (due) armed.used += 1;
      return due ? [armed.fault.action] : [];
    });
    request.faults = actions.map((action) => action.kind);
    return new Effects(actions, this.era);
  }

  /** Returns when the faults are cleared; at once when they were, since the request met them. */
  async hang({ era }: Effects): Promise<void> {
    if (era < this.era) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.hanging.add(resolve);
    await promise;
  }
}

function hitsRoute({ route, matches }: Fault, request: RequestLogEntry): boolean {
  const routeMatches = typeof route === 'string' ? route === request.route : route.test(request.route);
  return routeMatches && (matches?.(request) ?? true);
}

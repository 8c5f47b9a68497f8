// Watching how a client behaves over several requests: waits after a 429, dead tokens, parallel commits, open requests.
import type { Reply } from './replies.ts';
import type { Service } from './service.ts';
import type { RequestLogEntry } from './request-log.ts';

/** Timers may fire this much early. */
const toleranceMs = 5;

interface Announcement {
  /** Requests before this are early; Infinity for a token that is dead for ever. */
  until: number;
  /** When the client was told, in real time: on the way then is no violation. */
  toldAt: number;
  /** The call that was told: repeating it is never "on the way". */
  call: string;
}

export class Conduct {
  private readonly waits = new Map<string, Announcement>();
  private readonly dead = new Map<string, Announcement>();
  private committing = 0;
  private readonly service: Service;

  constructor(service: Service) {
    this.service = service;
  }

  arrives(request: RequestLogEntry, token: string | undefined): void {
    const { violations, log, switches } = this.service;
    if (log.open > switches.openRequestsAllowed) {
      violations.add('too-many-open-requests', request, `${log.open} requests are open`);
    }
    if (token === undefined) return;
    const wait = this.waits.get(token);
    if (wait !== undefined && this.isLate(wait, request) && request.startedAt < wait.until - toleranceMs) {
      const early = Math.ceil(wait.until - request.startedAt);
      violations.add('early-after-429', request, `came ${early} ms before the wait after a 429 was over`);
    }
    const dead = this.dead.get(token);
    if (dead !== undefined && this.isLate(dead, request)) {
      violations.add('expired-token-reused', request, 'the access token was refused before');
    }
  }

  /** Call when the answer is sent. */
  told(request: RequestLogEntry, token: string | undefined, reply: Reply): void {
    if (token === undefined) return;
    const toldAt = performance.now();
    const call = callOf(request);
    if (reply.status === 401 && !/^missing_scope/.test(request.error ?? ''))
      this.dead.set(token, { until: Infinity, toldAt, call });
    if (reply.status !== 429) return;
    const until = this.service.clock.now() + retryAfter(reply) * 1000;
    const before = this.waits.get(token);
    this.waits.set(token, { until: Math.max(until, before?.until ?? 0), toldAt, call });
  }

  /** Begins a commit; true when another one is under way. Call `endCommit` afterwards in any case. */
  beginCommit(request: RequestLogEntry): boolean {
    this.committing += 1;
    if (this.committing === 1) return false;
    this.service.violations.add(
      'racing-commit',
      request,
      `${this.committing} changes of one namespace at a time`,
    );
    return true;
  }

  endCommit(): void {
    this.committing -= 1;
  }

  private isLate({ toldAt, call }: Announcement, request: RequestLogEntry): boolean {
    if (call === callOf(request)) return true;
    return performance.now() - toldAt >= this.service.switches.underwayMs + this.service.link.graceMs;
  }
}

function callOf({ route, argument }: RequestLogEntry): string {
  return `${route} ${JSON.stringify(argument)}`;
}

/** What the answer itself says about waiting; nothing, in one of its forms. */
function retryAfter({ headers, body }: Reply): number {
  const inBody = /"retry_after":(\d+)/.exec(body.toString())?.[1];
  return Number(headers['Retry-After'] ?? inBody ?? 0);
}

// What arrived and what was answered, for assertions.

export interface RequestLogEntry {
  /** From 1, over all routes. */
  readonly number: number;
  /** Without the version: 'files/upload_session/append_v2'; also 'oauth2/token' and 'oauth2/authorize'. */
  readonly route: string;
  readonly method: string;
  /** The parsed argument, as the client sent it; of oauth2/token only what is no secret. */
  argument: unknown;
  /** Of the virtual clock. */
  readonly startedAt: number;
  endedAt?: number;
  /** Absent as long as the request is open, and when it got no answer. */
  status?: number;
  /** The error summary or the plain text of a refusal. */
  error?: string;
  bodyBytes: number;
  replyBytes: number;
  range?: string;
  /** The fault actions that it met. */
  faults: string[];
  outcome: 'open' | 'replied' | 'dropped';
}

export class RequestLog {
  readonly entries: RequestLogEntry[] = [];
  open = 0;
  /** The most requests that were open at the same time. */
  maximumOpen = 0;
  bytesReceived = 0;
  bytesSent = 0;
  private readonly whenIdle = new Set<() => void>();

  begin(route: string, method: string, startedAt: number): RequestLogEntry {
    const entry: RequestLogEntry = {
      number: this.entries.length + 1,
      route,
      method,
      argument: undefined,
      startedAt,
      bodyBytes: 0,
      replyBytes: 0,
      faults: [],
      outcome: 'open',
    };
    this.entries.push(entry);
    this.open += 1;
    this.maximumOpen = Math.max(this.maximumOpen, this.open);
    return entry;
  }

  end(entry: RequestLogEntry, endedAt: number): void {
    entry.endedAt = endedAt;
    if (entry.outcome === 'open') entry.outcome = 'dropped';
    this.open -= 1;
    if (this.open > 0) return;
    for (const tell of this.whenIdle) tell();
    this.whenIdle.clear();
  }

  /** Returns when no request is open any more. */
  async idle(): Promise<void> {
    if (this.open === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.whenIdle.add(resolve);
    await promise;
  }
}

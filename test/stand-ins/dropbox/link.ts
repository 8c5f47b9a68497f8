// The line between the client and the stand-in: so many bytes a second in each direction, shared by all connections.
import { setTimeout as wait } from 'node:timers/promises';

/** Waiting for less than this costs more in timers than it gains in accuracy. */
const worthWaitingMs = 5;
/** A timer that fires late gives its bytes back, up to this much. */
const creditMs = 10;

/** One direction. `take` returns when the line has had time to carry the bytes. */
export class Lane {
  private freeAt = 0;
  private readonly bytesPerMs: number;

  constructor(bytesPerSecond: number) {
    this.bytesPerMs = bytesPerSecond / 1000;
  }

  async take(bytes: number): Promise<void> {
    if (!Number.isFinite(this.bytesPerMs)) return;
    const now = performance.now();
    this.freeAt = Math.max(this.freeAt, now - creditMs) + bytes / this.bytesPerMs;
    if (this.freeAt - now > worthWaitingMs) await wait(this.freeAt - now);
  }

  /** Waits out the rest that `take` did not find worth a timer: once at the end of a body. */
  async settle(): Promise<void> {
    const rest = this.freeAt - performance.now();
    if (rest > 0) await wait(rest);
  }
}

export class Link {
  readonly up: Lane;
  readonly down: Lane;
  private readonly latencyMs: number;

  constructor(options: { bandwidthBytesPerSecond?: number; latencyMs?: number }) {
    const bandwidth = options.bandwidthBytesPerSecond ?? Infinity;
    this.up = new Lane(bandwidth);
    this.down = new Lane(bandwidth);
    this.latencyMs = options.latencyMs ?? 0;
  }

  /** One way: half of a request's latency. */
  async travel(): Promise<void> {
    if (this.latencyMs > 0) await wait(this.latencyMs / 2);
  }

  get graceMs(): number {
    return this.latencyMs;
  }
}

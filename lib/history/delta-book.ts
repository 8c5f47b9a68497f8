// Batches on their way into the history. Whoever moves rows never waits for ops.db: what cannot be written now is written
// later, and where that goes on for long, the oldest of it is dropped.
import type { Clock } from '../base/clock.ts';
import type { BatchRow, ReplicaRow } from './delta-rows.ts';
import type { History } from './history.ts';

/** So often at most it is written: each time costs a card a little, and the process a moment. */
const pauseMs = 1000;
/** After it could not be written. */
const pauseAfterTroubleMs = 60_000;
const waitingMax = 1000;
/** The same failure of the same source is one row in so long: who tries again and again fills nothing. */
const sameFailureMs = 60_000;

export interface DeltaBookOptions {
  /** Opened for each writing, so that a file that was set aside meanwhile is not written. */
  open(): History;
  clock: Clock;
}

export class DeltaBook {
  readonly #options: DeltaBookOptions;
  readonly #failures = new Map<string, { reason: string; atMs: number }>();
  readonly #replicas = new Map<string, ReplicaRow>();
  #batches: BatchRow[] = [];
  #timer: NodeJS.Timeout | undefined;
  #notBeforeMs = -Infinity;

  constructor(options: DeltaBookOptions) {
    this.#options = options;
  }

  note(batch: BatchRow): void {
    if (this.#isKnownFailure(batch)) return;
    this.#batches.push(batch);
    if (this.#batches.length > waitingMax) this.#batches.shift();
    this.#writeSoon();
  }

  /** How a replica stands now; of what was not written yet the newest counts. */
  noteReplica(replica: ReplicaRow): void {
    this.#replicas.set(replica.replica, replica);
    this.#writeSoon();
  }

  /** Writes what waits, now. Never throws. */
  write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#batches.length + this.#replicas.size === 0) return;
    const history = this.#options.open();
    const isWritten = history.recordDelta({ batches: this.#batches, replicas: [...this.#replicas.values()] });
    history.close();
    this.#notBeforeMs = this.#options.clock.monotonicMs() + (isWritten ? pauseMs : pauseAfterTroubleMs);
    if (!isWritten) return; // the next batch tries again
    this.#batches = [];
    this.#replicas.clear();
  }

  #writeSoon(): void {
    if (this.#timer !== undefined) return;
    const waitMs = Math.max(0, this.#notBeforeMs - this.#options.clock.monotonicMs());
    // Not before the answer to the sender is on its way; and a process that ends does not wait, but writes.
    this.#timer = setTimeout(() => this.write(), waitMs).unref();
  }

  #isKnownFailure({ source, outcome, reason = '', at }: BatchRow): boolean {
    if (outcome === 'applied') {
      this.#failures.delete(source);
      return false;
    }
    const known = this.#failures.get(source);
    const isKnown = known?.reason === reason && Math.abs(at.getTime() - known.atMs) < sameFailureMs;
    if (!isKnown) this.#failures.set(source, { reason, atMs: at.getTime() });
    return isKnown;
  }
}

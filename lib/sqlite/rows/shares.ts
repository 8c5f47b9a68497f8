// The rows of a table, cut into shares that two threads take: each the next one whenever it is free, and written in order.

/** The numbers of its rows, first and last. */
export interface Share {
  index: number;
  first: bigint;
  last: bigint;
}

/** The other thread has given up, and says why. */
export class GivenUp extends Error {
  constructor() {
    super('the other thread has given up');
    this.name = 'GivenUp';
  }
}

const smallestNumber = -(2n ** 63n);
const largestNumber = 2n ** 63n - 1n;

/** In the memory: the number at which the next share begins, and behind it these. */
const [isLocked, isOver, countTaken, turn] = [0, 1, 2, 3];
const nextBytes = 8;
const noTurn = -1;

export class Shares {
  /** What both threads see. */
  readonly memory: SharedArrayBuffer;
  readonly #next: BigInt64Array;
  readonly #state: Int32Array;

  readonly #isOtherThere: () => boolean;
  readonly #lookMs: number;

  /** `isOtherThere` is asked each `lookMs` while the other thread is waited for: one that is gone wakes nobody. */
  constructor(
    memory = new SharedArrayBuffer(nextBytes + 4 * Int32Array.BYTES_PER_ELEMENT),
    {
      isOtherThere = () => true,
      lookMs = 1000,
    }: { isOtherThere?: (() => boolean) | undefined; lookMs?: number } = {},
  ) {
    this.memory = memory;
    this.#isOtherThere = isOtherThere;
    this.#lookMs = lookMs;
    this.#next = new BigInt64Array(memory, 0, 1);
    this.#state = new Int32Array(memory, nextBytes);
  }

  /** All of the rows from `first` on. */
  static from(first: bigint): Shares {
    const shares = new Shares();
    shares.#next[0] = first;
    return shares;
  }

  /**
   * The next share, which ends with the number that `lastOf` its first gives: undefined for the end of the table. Throws GivenUp
   * where the other thread is gone in the middle of this.
   */
  take(lastOf: (first: bigint) => bigint | undefined): Share | undefined {
    const state = this.#state;
    while (Atomics.compareExchange(state, isLocked, 0, 1) !== 0) this.#wait(isLocked, 1);
    try {
      if (state[isOver] === 1) return undefined;
      const first = this.#next[0] ?? smallestNumber;
      const last = lastOf(first) ?? largestNumber;
      if (last === largestNumber) state[isOver] = 1;
      else this.#next[0] = last + 1n;
      return { index: Atomics.add(state, countTaken, 1), first, last };
    } finally {
      Atomics.store(state, isLocked, 0);
      Atomics.notify(state, isLocked);
    }
  }

  /** Whether the shares before it are written. */
  isTurnOf({ index }: Share): boolean {
    return Atomics.load(this.#state, turn) === index;
  }

  /** Waits until they are. Throws GivenUp where they never will be. */
  waitForTurnOf({ index }: Share): void {
    for (;;) {
      const now = Atomics.load(this.#state, turn);
      if (now === index) return;
      if (now === noTurn) throw new GivenUp();
      this.#wait(turn, now);
    }
  }

  /** The share is written, whose turn it was. */
  pass({ index }: Share): void {
    Atomics.compareExchange(this.#state, turn, index, index + 1);
    Atomics.notify(this.#state, turn);
  }

  #wait(what: number, is: number): void {
    if (Atomics.wait(this.#state, what, is, this.#lookMs) === 'timed-out' && !this.#isOtherThere())
      throw new GivenUp();
  }

  /** Nobody gets another share, nor another turn. */
  giveUp(): void {
    Atomics.store(this.#state, isOver, 1);
    Atomics.store(this.#state, turn, noTurn);
    Atomics.notify(this.#state, turn);
  }
}

// A process that dies at one of its steps, within this one: what it holds is cut off, so that neither a `finally` nor a retry
// of the dead can do anything more.

/** Nobody catches it but who killed. */
export class Killed extends Error {
  constructor(at: string) {
    super(`killed ${at}`);
    this.name = 'Killed';
  }
}

/** Dies before or after the step with that number, counted over all that it holds, or the first one with that name. */
export class Death {
  at: string | undefined;
  readonly steps: string[] = [];
  readonly #step: number | string;
  readonly #isAfter: boolean;
  readonly #onDeath: () => void;

  /** `onDeath` looks at what the disk holds at that instant. */
  constructor(step: number | string, isAfter: boolean, onDeath: () => void) {
    this.#step = step;
    this.#isAfter = isAfter;
    this.#onDeath = onDeath;
  }

  /** The same object, whose methods are steps. Those in `free` are none: what only looks, and what lets go. */
  hold<T extends object>(object: T, called: string, free: readonly string[] = []): T {
    return new Proxy(object, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function' || typeof key !== 'string') return value;
        const method = value.bind(target) as (...args: unknown[]) => unknown;
        return free.includes(key)
          ? method
          : (...args: unknown[]) => this.#take(`${called}.${key}`, () => method(...args));
      },
    });
  }

  #take(step: string, work: () => unknown): unknown {
    this.#checkAlive();
    const count = this.steps.push(step);
    const isLast = count === this.#step || step === this.#step;
    if (isLast && !this.#isAfter) this.#die(`before ${step}`);
    const result = work();
    if (!(result instanceof Promise)) {
      if (isLast) this.#die(`after ${step}`);
      return result;
    }
    return result.then((value: unknown) => {
      this.#checkAlive();
      if (isLast) this.#die(`after ${step}`);
      return value;
    });
  }

  #checkAlive(): void {
    if (this.at !== undefined) throw new Killed(this.at);
  }

  #die(at: string): never {
    this.at = at;
    this.#onDeath();
    throw new Killed(at);
  }
}

// Time that passes only when the test says so, for code that waits.

export interface VirtualTime {
  /** Returns when that much time has passed, or throws the reason of the signal when it aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** Lets time pass, and whatever was waiting for it do what it does without waiting any more. */
  pass(ms: number): Promise<void>;
  /** How many wait for it. */
  waiting(): number;
}

export function virtualTime(): VirtualTime {
  let now = 0;
  let waits: { due: number; go: () => void }[] = [];
  return {
    wait(ms, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const own = { due: now + ms, go: resolve };
      waits.push(own);
      const end = () => {
        waits = waits.filter((other) => other !== own);
        reject(signal.reason as Error);
      };
      if (signal.aborted) end();
      else signal.addEventListener('abort', end, { once: true });
      return promise;
    },
    async pass(ms) {
      now += ms;
      const due = waits.filter((wait) => wait.due <= now);
      waits = waits.filter((wait) => wait.due > now);
      for (const { go } of due) go();
      await settled();
    },
    waiting: () => waits.length,
  };
}

/** Returns when everything has run that waits for nothing from outside. */
export async function settled(): Promise<void> {
  await new Promise(setImmediate);
}

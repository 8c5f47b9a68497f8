// One after another: whoever calls waits until all who called before are through, whatever became of them.

export interface Turns {
  take<T>(work: () => Promise<T> | T): Promise<T>;
}

export function oneAtATime(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return {
    take(work) {
      const mine = last.then(work, work);
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}

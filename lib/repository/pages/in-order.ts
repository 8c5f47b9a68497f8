// Several pieces of work at once, their results in the order of what they are of.

/**
 * Yields what `work` makes of each item, in order, with at most `atOnce` pieces begun and not yet taken. Whoever stops early, or
 * meets a failure, goes on only when all that was begun has ended.
 */
export async function* inOrder<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const begun: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      const piece = work(item);
      piece.catch(() => undefined); // it is told when its turn comes
      begun.push(piece);
      for (let next = begun[0]; next !== undefined && begun.length >= atOnce; next = begun[0]) {
        const result = await next;
        void begun.shift();
        yield result;
      }
    }
    for (const piece of begun) yield await piece;
  } finally {
    await Promise.allSettled(begun);
  }
}

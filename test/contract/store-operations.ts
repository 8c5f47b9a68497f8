// Many operations on few names, for two stores that have to answer alike.
import { OpsError } from '../../lib/base/errors.ts';
import type { Store } from '../../lib/store/store.ts';
import { makeFile, sha256 } from './store-world.ts';

export type Operation = (store: Store) => Promise<unknown>;

/** Operations in an order that looks like chance and is always the same, on few names, so that they meet. */
export async function manyOperations(count: number): Promise<Operation[]> {
  const names = ['a', 'a/g', 'b', 'b/c', 'b/d', 'b/d/e', 'f', 'h/i'];
  const files = await Promise.all(['1', '2', '3'].map((bytes) => makeFile(bytes)));
  let state = 1;
  const pick = <T>(from: readonly T[]): T => {
    state = (state * 48_271) % 2_147_483_647;
    return from[state % from.length] as T;
  };
  return Array.from({ length: count }, () => {
    const [one, other, file, replace] = [pick(names), pick(names), pick(files), pick([true, false])];
    return pick<Operation>([
      (store) => store.put(one, file, { replace }),
      (store) => store.copy(one, other),
      (store) => store.remove(one),
      async (store) => sha256(await store.read(one)),
    ]);
  });
}

/** `done`, or the kind of the error. */
export async function outcomeOf(store: Store, operation: Operation): Promise<string> {
  try {
    const result = await operation(store);
    return typeof result === 'string' ? result : 'done';
  } catch (error) {
    if (error instanceof OpsError) return error.kind;
    throw error;
  }
}

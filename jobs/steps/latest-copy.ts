// The latest copy of an app, a plain file that a person can open, as the store has it.
import type { GuardedApp } from '../../lib/config/config.ts';
import type { Store } from '../../lib/store/store.ts';

export interface LatestCopy {
  name: string;
  sizeBytes: number;
  modifiedAt: Date;
}

/** Undefined where the app keeps none, or the store has none. */
export async function latestCopy(store: Store, { latest }: GuardedApp): Promise<LatestCopy | undefined> {
  const stored = latest === undefined ? undefined : await store.stat(latest);
  if (stored === undefined) return undefined;
  const { name, sizeBytes, modifiedAt } = stored;
  return { name, sizeBytes, modifiedAt };
}

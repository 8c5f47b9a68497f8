// Directory stores for tests, in directories of their own.
import { join } from 'node:path';
import { silentLog } from '../../lib/base/log.ts';
import { openDirectoryStore } from '../../lib/store/directory/open.ts';
import type { Store } from '../../lib/store/store.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { scratch } from '../support/scratch.ts';

export function openAt(path: string, create: boolean): Promise<Store> {
  return openDirectoryStore({ path, create, clock: fixedClock(), log: silentLog });
}

export async function openNew(): Promise<{ root: string; store: Store }> {
  const root = join(scratch(), 'store');
  return { root, store: await openAt(root, true) };
}

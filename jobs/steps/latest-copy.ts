// The latest copy of an app, as the store has it; and the one in clear that is left of the days before backups were sealed.
import { defaultLatestName } from '../../lib/backup/name.ts';
import { errorMessage, OpsError } from '../../lib/base/errors.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Store, Stored } from '../../lib/store/store.ts';

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

/** What anybody can open who reads the store, though backups are sealed; undefined where they are not, or there is none. */
export async function clearLatestCopy(
  { config }: Pick<JobContext, 'config'>,
  store: Store,
  { name, engine, latest }: GuardedApp,
): Promise<Stored | undefined> {
  if (config.encryption === undefined) return undefined;
  return store.stat(latest?.replace(/\.age$/, '') ?? defaultLatestName(name, engine));
}

/**
 * Removes it once the sealed one is in the store, which has just been put there. Its name; undefined where there was none, or it
 * stays: how the backup went is the news, and `db-backup info` says what is there.
 */
export async function removeClearLatest(
  context: Pick<JobContext, 'config' | 'log' | 'noteLeft'>,
  store: Store,
  app: GuardedApp,
): Promise<string | undefined> {
  const clear = await clearLatestCopy(context, store, app);
  if (clear === undefined || (await latestCopy(store, app)) === undefined) return undefined;
  const { name } = clear;
  try {
    await store.remove(name, { expected: clear });
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    context.log.warn(`${app.name}: the latest copy in clear, ${name}, stays: ${errorMessage(error)}`);
    return undefined;
  }
  context.noteLeft(`the latest copy in clear, ${name}, is removed`);
  return name;
}

// The lock of another program for an app's database, where the configuration names one.
import { statSync } from 'node:fs';
import { type Config, guardedApps } from '../config/config.ts';
import type { OtherLock } from '../lock/other-lock.ts';

/** Undefined where there is no such program. Whoever may write the database may lock it. */
export function otherLock(config: Pick<Config, 'apps'>, name: string | undefined): OtherLock | undefined {
  const app = guardedApps(config).find((guarded) => guarded.name === name);
  if (app?.lockFile === undefined) return undefined;
  return { path: app.lockFile, group: app.engine === 'sqlite' ? groupOf(app.database) : undefined };
}

function groupOf(database: string): number | undefined {
  try {
    return statSync(database, { throwIfNoEntry: false })?.gid;
  } catch {
    return undefined; // root's alone then, which is not less safe
  }
}

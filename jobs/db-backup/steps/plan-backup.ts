// What a backup would do, for --dry-run: everything is looked at, nothing is made.
import { formatBytes } from '../../../lib/base/format.ts';
import type { GuardedApp } from '../../../lib/config/config.ts';
import { requireSpace } from '../../../lib/files/space.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { type AppsResult, appsText } from '../../steps/each-app.ts';
import { type BackupOrder, localCopies } from './back-up-app.ts';
import { spaceNeeded } from '../../steps/snapshot.ts';
import { plannedName } from './free-name.ts';

/** What would be copied, and where to. */
export interface BackupPlan {
  database: string;
  sizeBytes: number;
  backup: string;
  store: string;
}

/** Looks at source, store and space. Throws what the backup itself would throw up to there. */
export async function planBackup(
  context: JobContext,
  app: GuardedApp,
  order: BackupOrder,
): Promise<BackupPlan> {
  const look = await context.source(app).look();
  const store = await context.openStore();
  await requireSpace({
    directory: store.stagingDirectory ?? context.config.stateDirectory,
    neededBytes: spaceNeeded(look, localCopies(store, app, order)),
    purpose: `back up ${app.name}`,
  });
  const backup = plannedName(context, app, order.label, context.clock.now());
  return { database: app.database, sizeBytes: look.sizeBytes, backup, store: store.description };
}

/** What a person reads of the plans of several apps. */
export function planText(result: AppsResult<BackupPlan>): string[] {
  return appsText(result, ({ database, sizeBytes, backup, store }, app) => [
    `${app}: would back up ${database} (${formatBytes(sizeBytes)}) as ${backup} in ${store}`,
  ]);
}

// On which machine an app lives, where a standby of it exists: two that both back up into one store would be two truths.
import { OpsError } from '../../lib/base/errors.ts';
import { isFileApp, type GuardedApp } from '../../lib/config/config.ts';
import { livePromotion } from '../../lib/placement/promotion.ts';
import type { Promotion } from '../../lib/placement/warm-copy-record.ts';
import type { JobContext } from '../../lib/run/context.ts';

/** The promotion by which an app lives on this machine; undefined where it never was a standby, or still is one. */
export async function promotionOf(
  { config: { stateDirectory } }: JobContext,
  app: GuardedApp,
): Promise<Promotion | undefined> {
  if (!isFileApp(app)) return undefined;
  return livePromotion({ stateDirectory, app: app.name, database: app.database });
}

/** The same, for whoever backs it up. Throws OpsError `refused` where this machine is a standby of it that was not promoted. */
export async function requireLiveHere(context: JobContext, app: GuardedApp): Promise<Promotion | undefined> {
  const promotion = await promotionOf(context, app);
  if (promotion !== undefined || !isFileApp(app) || app.standby === undefined) return promotion;
  throw new OpsError(
    'refused',
    `cannot back up ${app.name}: this machine is its standby, and it is live elsewhere`,
    {
      hint:
        `to make it live here: restore promote --app ${app.name}; ` +
        `if it always was, this is no standby: take [apps.${app.name}.standby] out of the configuration`,
    },
  );
}

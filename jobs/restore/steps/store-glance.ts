// What the store has to restore from, at a glance: that it does not answer is said, and keeps nobody from the rest.
import { newestProven } from '../../../lib/backup/catalogue.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import type { GuardedApp } from '../../../lib/config/config.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { ago } from '../../steps/words.ts';

/** What was seen of one app, or why nothing was. */
export type StoreGlance =
  { description: string; newestProven: { name: string; takenAt: Date } | undefined } | { problem: string };

/** Looks at each app that it is asked for, until the store does not answer: then it is not asked again. */
export function glanceAtStore(context: JobContext): (app: GuardedApp) => Promise<StoreGlance> {
  let silent: StoreGlance | undefined;
  return async (app) => {
    if (silent !== undefined) return silent;
    try {
      const { description } = await context.openStore();
      const newest = newestProven(await (await context.openRepository(app)).list());
      return { description, newestProven: newest && { name: newest.name, takenAt: newest.takenAt } };
    } catch (error) {
      if (!(error instanceof OpsError) || context.signal.aborted) throw error;
      context.log.warn('the store could not be looked at', { hint: error.hint });
      silent = { problem: error.message };
      return silent;
    }
  };
}

/** What a person reads of it. */
export function glanceLine(glance: StoreGlance, now: Date): string {
  if ('problem' in glance) return `  the store could not be looked at: ${glance.problem}`;
  const { description, newestProven: newest } = glance;
  if (newest === undefined) return `  newest proven backup: NONE in ${description}`;
  return `  newest proven backup: ${newest.name}, ${ago(newest.takenAt, now)}, in ${description}`;
}

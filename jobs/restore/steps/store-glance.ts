// What the store has to restore from, at a glance: that it does not answer is said, and keeps nobody from the rest.
import { newestProven } from '../../../lib/backup/catalogue.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import type { GuardedApp } from '../../../lib/config/config.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { ago } from '../../steps/words.ts';

interface KnownBackup {
  name: string;
  takenAt: Date;
}

/** What was seen of one app, or why nothing was and what this machine remembers. */
export type StoreGlance =
  | { description: string; newestProven: KnownBackup | undefined }
  | { problem: string; lastKnown: KnownBackup | undefined };

/** Looks at each app that it is asked for, until the store does not answer: then it is not asked again. */
export function glanceAtStore(context: JobContext): (app: GuardedApp) => Promise<StoreGlance> {
  let problem: string | undefined;
  const silent = (why: string, { name }: GuardedApp) => ({
    problem: why,
    lastKnown: context.history.lastBackup(name),
  });
  return async (app) => {
    if (problem !== undefined) return silent(problem, app);
    try {
      const { description } = await context.openStore();
      const newest = newestProven(await (await context.openRepository(app)).list());
      return { description, newestProven: newest && { name: newest.name, takenAt: newest.takenAt } };
    } catch (error) {
      if (!(error instanceof OpsError) || context.signal.aborted) throw error;
      context.log.warn('the store could not be looked at', { hint: error.hint });
      problem = error.message;
      return silent(problem, app);
    }
  };
}

/** What a person reads of it. */
export function glanceLines(glance: StoreGlance, now: Date): string[] {
  const said = ({ name, takenAt }: KnownBackup) => `${name}, ${ago(takenAt, now)}`;
  if ('problem' in glance) {
    const { problem, lastKnown } = glance;
    return [
      `  the store could not be looked at: ${problem}`,
      ...(lastKnown === undefined
        ? []
        : [`  the newest proven backup that is remembered here: ${said(lastKnown)}`]),
    ];
  }
  const { description, newestProven: newest } = glance;
  return [`  newest proven backup: ${newest === undefined ? 'NONE' : `${said(newest)},`} in ${description}`];
}

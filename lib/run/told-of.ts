// What an alert is about: the name of the app in a check, and what still protects its data.
import { type Config, guardedApps, isGuarded } from '../config/config.ts';
import type { Protection } from '../incident/observation.ts';
import type { JobContext } from './context.ts';

/** The app as a check's name has it: with a single app that has a database there is no need to name it. */
export function scope(config: Config, app: string | undefined): string | undefined {
  const apps = guardedApps(config);
  return apps.length === 1 && apps[0]?.name === app ? undefined : app;
}

/** What stands between the apps and the loss of their data, as far as the history knows; nothing of one without any. */
export function protectionOf(
  { config, history }: Pick<JobContext, 'config' | 'history'>,
  apps: readonly string[],
): Protection[] {
  const hasNothing = (name: string) => config.apps.some((app) => app.name === name && !isGuarded(app));
  return apps.flatMap((app) => {
    if (hasNothing(app)) return [];
    const backup = history.lastBackup(app);
    return [{ app, backup: backup?.name, takenAt: backup?.takenAt.getTime() }];
  });
}

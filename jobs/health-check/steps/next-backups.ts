// When the timers of each app start its next backup.
import type { CommandRunner } from '../../../lib/base/command.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import type { GuardedApp } from '../../../lib/config/config.ts';
import { showUnits } from '../../../lib/process/unit-properties.ts';

const property = 'NextElapseUSecRealtime';

/**
 * By app; undefined for one without a timer, and for all where there is no systemd, or it does not answer. Throws the signal's
 * reason when that aborts.
 */
export async function nextBackups(
  run: CommandRunner,
  apps: readonly Pick<GuardedApp, 'name' | 'everyMs'>[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Date | undefined>> {
  try {
    const timers = apps.flatMap(timersOf);
    const shown = await showUnits(run, timers, [property], signal);
    const times = new Map(timers.map((timer, index) => [timer, shown[index]?.time(property)]));
    return new Map(apps.map((app) => [app.name, earliest(timersOf(app).map((timer) => times.get(timer)))]));
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    signal.throwIfAborted();
    return new Map();
  }
}

function timersOf({ name, everyMs }: Pick<GuardedApp, 'name' | 'everyMs'>): string[] {
  return [`db-backup@${name}.timer`, ...(everyMs === undefined ? [] : [`db-backup-hourly@${name}.timer`])];
}

function earliest(times: readonly (Date | undefined)[]): Date | undefined {
  return times.filter((time) => time !== undefined).sort((a, b) => a.getTime() - b.getTime())[0];
}

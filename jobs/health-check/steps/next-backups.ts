// When the timer of each app starts its next backup.
import type { CommandRunner } from '../../../lib/base/command.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import { showUnits } from '../../../lib/process/unit-properties.ts';

const property = 'NextElapseUSecRealtime';

/**
 * By app; undefined for one without a timer, and for all where there is no systemd, or it does not answer. Throws the signal's
 * reason when that aborts.
 */
export async function nextBackups(
  run: CommandRunner,
  apps: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Date | undefined>> {
  try {
    const timers = apps.map((app) => `db-backup@${app}.timer`);
    const shown = await showUnits(run, timers, [property], signal);
    return new Map(apps.map((app, index) => [app, shown[index]?.time(property)]));
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    signal.throwIfAborted();
    return new Map();
  }
}

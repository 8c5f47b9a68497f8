// What the service manager expects of a service that it watches: $WATCHDOG_USEC and $WATCHDOG_PID, sd_watchdog_enabled(3).
import { OpsError } from '../base/errors.ts';
import { type Environment, nonEmpty } from './environment.ts';

/**
 * The longest time in milliseconds between two signs of life of the process `pid` before it is killed; undefined where
 * nobody watches it. The variables are inherited: a process that they do not name is not meant.
 *
 * Throws OpsError `config` for what is no time.
 */
export function watchdogPeriodMs(pid: number, environment: Environment = process.env): number | undefined {
  const period = nonEmpty(environment.WATCHDOG_USEC);
  const watched = nonEmpty(environment.WATCHDOG_PID) ?? String(pid);
  if (period === undefined || watched !== String(pid)) return undefined;
  if (/^[1-9]\d{0,17}$/.test(period)) return Number(period) / 1000;
  throw new OpsError('config', `cannot use WATCHDOG_USEC=${period}: it must be a number of microseconds`, {
    hint: 'systemd sets it where a unit has WatchdogSec=; unset it elsewhere',
  });
}

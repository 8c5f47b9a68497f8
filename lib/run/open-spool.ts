// Where a run leaves word of itself for who tells people.
import { join } from 'node:path';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import { Spool } from '../notify/spool.ts';

/** The spool of a configuration: in the state directory, or in the run directory where that cannot be written. */
export function openSpool({ stateDirectory, runDirectory }: Config, log: Log): Spool {
  return new Spool([join(stateDirectory, 'spool'), join(runDirectory, 'spool')], log);
}

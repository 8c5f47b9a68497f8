// Whether a person has typed a command and sees how it ends: then nobody else is told what is said there.
import { isatty } from 'node:tty';
import type { Environment } from '../config/environment.ts';
import { invocationId } from '../config/service-manager.ts';
import { currentProcess, hasTerminal } from '../files/process-identity.ts';

/**
 * A terminal stands behind it, also where its output goes through pipes: typed there, or over `ssh -t`. What a timer, cron or
 * a script without a terminal starts has none; neither has a service, whatever systemd connects it with.
 */
export function isAttended(environment: Environment): boolean {
  if (invocationId(currentProcess().pid, environment) !== undefined) return false;
  return hasTerminal() ?? [0, 1, 2].some((descriptor) => isatty(descriptor));
}

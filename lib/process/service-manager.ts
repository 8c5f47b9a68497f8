// What a service says of itself to the service manager that started it: sd_notify(3), through systemd-notify(1), for Node
// has no datagrams between processes. The unit must take it from a child: `NotifyAccess=all`.
import type { CommandRunner } from '../base/command.ts';
import { printable } from '../base/printable.ts';

/**
 * Where a service manager listens. Each call returns when the manager has taken it in, and throws what CommandRunner
 * does where it cannot be told.
 */
export interface ServiceManager {
  /** The service can be used from now on. `status` is a line for `systemctl status`. */
  ready(status: string): Promise<void>;
  /** The service does its work. A manager that watches it kills it when this is not said again in time. */
  alive(): Promise<void>;
  /** The service was told to stop, and takes `graceMs` at most: so long it is not killed, whatever its unit says. */
  stopping(graceMs: number): Promise<void>;
}

const timeoutMs = 5000;

export function createServiceManager(run: CommandRunner): ServiceManager {
  const tell = async (...assignments: string[]) => {
    await run('systemd-notify', assignments, { timeoutMs });
  };
  return {
    ready: (status) => tell('READY=1', `STATUS=${oneLine(status)}`),
    alive: () => tell('WATCHDOG=1'),
    stopping: (graceMs) =>
      tell('STOPPING=1', 'STATUS=stopping', `EXTEND_TIMEOUT_USEC=${Math.round(graceMs * 1000)}`),
  };
}

/** A line end would begin another assignment. */
function oneLine(text: string): string {
  return printable(text.replace(/\s+/g, ' ').trim());
}

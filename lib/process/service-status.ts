// How far a run is, for `systemctl status`: told to systemd through its own systemd-notify(1).
import type { CommandRunner } from '../base/command.ts';
import { OpsError } from '../base/errors.ts';
import { printable } from '../base/printable.ts';

/** Tells the service manager a line of status. Never waits and never fails: it is a courtesy. */
export type TellStatus = (text: string) => void;

const timeoutMs = 5000;

/**
 * A line is passed on when the one before it has arrived; what comes in between is dropped, the next is newer. The unit
 * must take it from a child: `NotifyAccess=all`.
 */
export function createServiceStatus(run: CommandRunner): TellStatus {
  let isBusy = false;
  let isPossible = true;
  return (text) => {
    if (isBusy || !isPossible) return;
    isBusy = true;
    void run('systemd-notify', [`--status=${printable(text)}`], { timeoutMs })
      .catch((error: unknown) => {
        if (error instanceof OpsError) isPossible = false; // not installed, or not listened to
      })
      .finally(() => (isBusy = false));
  };
}

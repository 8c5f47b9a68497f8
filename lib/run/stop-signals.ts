// The signals that tell a process to stop.
import { constants } from 'node:os';

/** By which it was told to stop. */
export type StopSignal = 'SIGHUP' | 'SIGINT' | 'SIGTERM';

const stopSignals: readonly StopSignal[] = ['SIGHUP', 'SIGINT', 'SIGTERM'];

/** What handles them; `undo` gives them back their usual effect, which is the end of the process. */
export interface StopHandling {
  undo(): void;
}

/**
 * Calls `stop` with the first of them. The second Ctrl-C or SIGTERM ends the process at once; a second SIGHUP does not,
 * and a SIGHUP makes no other the second: when a terminal is closed the kernel, the shell and the service manager each
 * send their own, and nobody is in a hurry. What was ignored when the process was started (nohup) stays ignored.
 */
export function onStopSignals(
  ignored: ReadonlySet<StopSignal>,
  stop: (name: StopSignal) => void,
): StopHandling {
  let isStopped = false;
  let isUrged = false;
  const handle = (name: StopSignal) => {
    if (isUrged && name !== 'SIGHUP') return dieBy(name);
    isUrged ||= name !== 'SIGHUP';
    if (isStopped) return;
    isStopped = true;
    stop(name);
  };
  const handlers = stopSignals.map(
    (name) => [name, ignored.has(name) ? ignore : () => handle(name)] as const,
  );
  for (const [name, handler] of handlers) process.on(name, handler);
  return {
    undo() {
      for (const [name, handler] of handlers) if (handler !== ignore) process.off(name, handler);
    },
  };
}

/** Ends the process by the signal itself: the caller learns the truth, and no thread inside a long call is waited for. */
export function dieBy(name: StopSignal): void {
  process.removeAllListeners(name);
  process.kill(process.pid, name);
}

/** The names in a mask of ignored signals, in hex as in /proc/<pid>/status. Node itself has forgotten by now. */
export function ignoredSignals(mask: string | undefined): ReadonlySet<StopSignal> {
  if (mask === undefined || !/^[0-9a-f]{1,16}$/i.test(mask)) return new Set();
  const bits = BigInt(`0x${mask}`);
  return new Set(stopSignals.filter((name) => (bits >> BigInt(constants.signals[name] - 1)) % 2n === 1n));
}

function ignore(): void {}

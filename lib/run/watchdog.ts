// Signs of life for a service manager that watches the service. They follow a probe of what the service is for: an event
// loop that turns is no proof that anything is served.
import { errorMessage } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { ServiceManager } from '../process/service-manager.ts';

export interface WatchdogOptions {
  /** The longest time between two signs of life. */
  periodMs: number;
  /** Resolves when the service does what it is for. */
  probe(): Promise<unknown>;
  manager: Pick<ServiceManager, 'alive'>;
  log: Log;
  /** Returns after `ms`, or throws when the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  signal: AbortSignal;
}

/**
 * Gives a sign of life twice in each period, while the probe answers. A probe that fails or hangs is logged, and no sign
 * is given until it answers. Never throws, and ends when the signal aborts; with a probe that hangs it does not end.
 */
export async function keepWatch(options: WatchdogOptions): Promise<void> {
  const { periodMs, probe, manager, log, wait, signal } = options;
  let isSilent = false;
  const silent = (reason: string) => {
    if (!isSilent) log.error('this service gives no sign of life, for which it will be killed', { reason });
    isSilent = true;
  };
  const giveSign = async () => {
    await probe();
    if (signal.aborted) return;
    await manager.alive();
    if (isSilent) log.info('this service gives signs of life again');
    isSilent = false;
  };
  while (!signal.aborted) {
    let isAnswered = false;
    // The pause runs beside the probe: the time that an answer takes is not lost.
    const pause = wait(periodMs / 2, signal).then(
      () => isAnswered || silent('the probe does not answer'),
      () => undefined,
    );
    await giveSign().catch((error: unknown) => silent(errorMessage(error)));
    isAnswered = true;
    await pause;
  }
}

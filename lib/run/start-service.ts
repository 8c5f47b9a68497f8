// Binds a service to the real process: streams, signals, the service manager, exit code.
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../base/clock.ts';
import { exitInterrupted } from '../base/exit-code.ts';
import { isNotified, logsToJournal } from '../config/load.ts';
import { watchdogPeriodMs } from '../config/watchdog.ts';
import { runCommand } from '../process/run-command.ts';
import { createServiceManager } from '../process/service-manager.ts';
import { serve, type ServiceInvocation } from './serve.ts';
import { type StopSignal, ToldToStop } from './service.ts';

/** Runs a service until it has stopped, and ends the process. A second signal ends it at once. */
export async function startService(invocation: ServiceInvocation): Promise<never> {
  const stop = new AbortController();
  const handle = (name: StopSignal) => (stop.signal.aborted ? dieBy(name) : stop.abort(new ToldToStop(name)));
  process.on('SIGTERM', handle).on('SIGINT', handle).on('SIGHUP', handle);
  const crash = Promise.withResolvers<never>();
  process.on('uncaughtException', crash.reject); // rejections that nobody handles come here, too
  const host = {
    writeResult: (text: string) => void process.stdout.write(text),
    writeLog: (text: string) => void process.stderr.write(text),
    logIsTerminal: process.stderr.isTTY,
    columns: process.stderr.columns ?? 80,
    journal: logsToJournal(),
    manager: isNotified() ? createServiceManager(runCommand) : undefined,
    watchdogPeriodMs: () => watchdogPeriodMs(process.pid),
    signal: stop.signal,
    crashed: crash.promise,
    wait: (ms: number, signal: AbortSignal) => delay(ms, undefined, { signal }),
  };
  const exitCode = await serve(invocation, host, systemClock);
  // A shell that runs several commands stops as well then.
  if (exitCode === exitInterrupted) dieBy('SIGINT');
  // What a service leaves open, after a failure above all, would keep the process alive for ever.
  process.exit(exitCode);
}

function dieBy(name: StopSignal): void {
  process.removeAllListeners(name);
  process.kill(process.pid, name);
}

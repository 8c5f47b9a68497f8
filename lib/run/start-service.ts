// Binds a service to the real process: streams, signals, the service manager, exit code.
import { systemClock } from '../base/clock.ts';
import { exitInterrupted } from '../base/exit-code.ts';
import { isNotified, logsToJournal } from '../config/service-manager.ts';
import { watchdogPeriodMs } from '../config/watchdog.ts';
import { runCommand } from '../process/run-command.ts';
import { createServiceManager } from '../process/service-manager.ts';
import type { Failure } from './failure.ts';
import type { Job, ServiceCommand } from './job.ts';
import type { Options } from './parameter.ts';
import { type Format, renderers } from './report.ts';
import { serve, type ServiceInvocation } from './serve.ts';
import { type StopSignal, ToldToStop } from './service.ts';
import { tellOfService } from './tell.ts';
import type { Verbosity } from './terminal.ts';
import { realWait } from './wait.ts';

/** What was asked for on the command line. */
interface TypedService {
  job: Job;
  command: ServiceCommand;
  options: Options;
  configPath: string | undefined;
  format: Format;
  verbosity: Verbosity;
}

/** Runs a service until it has stopped, and ends the process. A second signal ends it at once. */
export async function startService(typed: TypedService): Promise<never> {
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
    wait: realWait,
  };
  const exitCode = await serve(invocationOf(typed), host, systemClock);
  // A shell that runs several commands stops as well then.
  if (exitCode === exitInterrupted) dieBy('SIGINT');
  // What a service leaves open, after a failure above all, would keep the process alive for ever.
  process.exit(exitCode);
}

function invocationOf({ job, command, options, ...typed }: TypedService): ServiceInvocation {
  const named = { job: job.name, command: command.name };
  return {
    ...typed,
    service: {
      name: job.name,
      graceMs: command.graceMs,
      serve: async (context, ready) => (await command.load()).serve(context, ready, options),
    },
    report: (error: Failure) => renderers[typed.format].failed({ ...named, error, traffic: undefined }),
    createTeller: (context) => tellOfService(context, { job, command }),
  };
}

function dieBy(name: StopSignal): void {
  process.removeAllListeners(name);
  process.kill(process.pid, name);
}

// Binds a service to the real process: streams, signals, the service manager, exit code.
import { isatty } from 'node:tty';
import { systemClock } from '../base/clock.ts';
import { exitInterrupted } from '../base/exit-code.ts';
import { type Environment } from '../config/environment.ts';
import { ignoredSignalMask, isPlainTerminal, wantsColour } from '../config/launcher.ts';
import { isNotified, logsToJournal } from '../config/service-manager.ts';
import { watchdogPeriodMs } from '../config/watchdog.ts';
import { runCommand } from '../process/run-command.ts';
import { createServiceManager } from '../process/service-manager.ts';
import type { Failure } from './failure.ts';
import type { Job, ServiceCommand } from './job.ts';
import type { LogSink } from './log-sink.ts';
import type { Options } from './parameter.ts';
import { type Format, renderers } from './report.ts';
import { writeResult } from './result-output.ts';
import { serve, type ServiceInvocation } from './serve.ts';
import { ToldToStop } from './service.ts';
import { dieBy, ignoredSignals, onStopSignals } from './stop-signals.ts';
import { tellOfService } from './tell.ts';
import type { Verbosity } from './terminal.ts';
import { realWait } from './wait.ts';

/** What was asked for on the command line. */
interface TypedService {
  job: Job;
  command: ServiceCommand;
  options: Options;
  configPath: string | undefined;
  envFile: string | undefined;
  format: Format;
  verbosity: Verbosity;
  withoutColour: boolean;
}

/** A log that nobody reads is given up after so long. */
const logPatienceMs = 2000;

/** Runs a service until it has stopped, and ends the process. A second signal ends it at once. */
export async function startService(
  typed: TypedService,
  log: LogSink,
  environment: Environment,
): Promise<never> {
  const stop = new AbortController();
  onStopSignals(ignoredSignals(ignoredSignalMask(environment)), (name) => stop.abort(new ToldToStop(name)));
  const crash = Promise.withResolvers<never>();
  process.on('uncaughtException', crash.reject); // rejections that nobody handles come here, too
  const host = {
    writeResult,
    writeLog: log.write,
    logIsTerminal: isatty(2) && !isPlainTerminal(environment),
    logIsColoured: isatty(2) && wantsColour(environment) && !typed.withoutColour,
    journal: logsToJournal(environment),
    manager: isNotified(environment) ? createServiceManager(runCommand) : undefined,
    watchdogPeriodMs: () => watchdogPeriodMs(process.pid, environment),
    environment,
    signal: stop.signal,
    crashed: crash.promise,
    wait: realWait,
  };
  const exitCode = await serve(invocationOf(typed), host, systemClock);
  await log.flush(logPatienceMs);
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

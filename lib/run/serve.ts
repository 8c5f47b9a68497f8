// The frame around a service: configuration, readiness, signs of life, a clean stop, exit code. Why it is as it is says
// docs/decisions/service-frame.md.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Clock } from '../base/clock.ts';
import { errorMessage } from '../base/errors.ts';
import { exitDone, exitInterrupted, exitTerminated } from '../base/exit-code.ts';
import { formatDuration } from '../base/format.ts';
import { type Log, silentProgress } from '../base/log.ts';
import type { Environment } from '../config/environment.ts';
import { loadConfig } from '../config/load.ts';
import { invocationId } from '../config/service-manager.ts';
import { currentProcess } from '../files/process-identity.ts';
import type { ServiceManager } from '../process/service-manager.ts';
import { createContext, type JobContext } from './context.ts';
import { describeFailure, type Failure, tellFailure } from './failure.ts';
import { type Ready, type Service, ToldToStop } from './service.ts';
import { createTerminal, type Verbosity } from './terminal.ts';
import { keepWatch } from './watchdog.ts';

export interface ServiceInvocation {
  service: Service;
  configPath: string | undefined;
  envFile: string | undefined;
  verbosity: Verbosity;
  /** What stdout is to show of a failure, which the log has in words. */
  report(failure: Failure): string;
  /** Who tells others of the service; without it only the OnFailure= of its unit does. */
  createTeller?(context: JobContext): ServiceTeller;
}

/** Neither method throws. */
interface ServiceTeller {
  /** It can be used: what was wrong with it before is over. */
  ready(): Promise<void>;
  failed(failure: Failure): Promise<void>;
}

/** The process and who started it, as far as a service needs them. */
export interface ServiceHost {
  /** May throw OpsError `io`. */
  writeResult(text: string): void | Promise<void>;
  writeLog(text: string): void;
  logIsTerminal: boolean;
  logIsColoured: boolean;
  /** Whether the log is the journal. */
  journal: boolean;
  /** undefined where nobody listens. */
  manager: ServiceManager | undefined;
  /** The longest time between two signs of life; undefined where nobody watches. Throws OpsError `config`. */
  watchdogPeriodMs(): number | undefined;
  /** Aborts with a ToldToStop as its reason. */
  signal: AbortSignal;
  /** Rejects with what was thrown where nobody waits for it, such as in a callback of a socket. */
  crashed: Promise<never>;
  /** Returns after `ms`, or throws when the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** The variables that were set for it; the process's own unless given. */
  environment?: Environment;
}

/** How long a service manager waits beyond the grace time, so that it is us who say that it was exceeded. */
const graceMarginMs = 5000;

/**
 * Runs a service until it has stopped, and returns the exit code: 0 where it was told to stop and did so in time, 130
 * where Ctrl-C told it. Never throws. What the service left open is still open then: the process has to be ended.
 */
export async function serve(invocation: ServiceInvocation, host: ServiceHost, clock: Clock): Promise<number> {
  const log = createLog(invocation, host, clock);
  // The service is told to stop from outside, or a lock that it holds is lost.
  const lost = new AbortController();
  const signal = AbortSignal.any([host.signal, lost.signal]);
  let context: JobContext | undefined;
  let teller: ServiceTeller | undefined;
  try {
    const parts = {
      config: loadConfig({
        path: invocation.configPath,
        envFile: invocation.envFile,
        environment: host.environment,
      }),
      clock,
      log,
      brokenSettings: undefined,
      progress: silentProgress,
      signal,
      dryRun: false,
      purpose: 'look' as const,
      leavesTraces: false,
      runId: invocationId(currentProcess().pid, host.environment) ?? randomUUID().replaceAll('-', ''),
      confirm: async () => undefined,
      ask: async () => undefined,
      readInput: async () => Buffer.alloc(0),
      noteLeft() {},
      noteUnderWay() {},
      attended: false,
      identity: undefined,
      wait: host.wait,
      environment: host.environment,
      spare: undefined,
      abort: (reason: unknown) => lost.abort(reason),
    };
    context = createContext(parts);
    teller = invocation.createTeller?.(context);
    const { signalName } = await live(invocation.service, { context, teller, host });
    log.info('stopped');
    return signalName === 'SIGINT' ? exitInterrupted : exitDone;
  } catch (thrown) {
    const failure = thrown instanceof GraceIsOver ? thrown.failure : describeFailure(thrown, []);
    tellFailure(failure, log, host.writeLog);
    await teller?.failed(failure);
    await Promise.resolve(host.writeResult(invocation.report(failure))).catch(() => undefined); // the log has it
    return failure.exitCode;
  } finally {
    await context?.close();
  }
}

function createLog({ service, verbosity }: ServiceInvocation, host: ServiceHost, clock: Clock): Log {
  const { writeLog, logIsTerminal, logIsColoured: isColoured, journal } = host;
  const look = { name: service.name, verbosity, isTerminal: logIsTerminal, isColoured, journal };
  return createTerminal({ ...look, write: writeLog, columns: () => 80, clock }).log; // it shows no progress
}

interface Surroundings {
  context: JobContext;
  teller: ServiceTeller | undefined;
  host: ServiceHost;
}

/** The life of a service from its start to its stop. Throws what keeps it from either. */
async function live(service: Service, surroundings: Surroundings): Promise<ToldToStop> {
  const { context, host } = surroundings;
  const { signal, log } = context;
  const ready = createReady(surroundings, host.watchdogPeriodMs());
  const over = new AbortController();
  const stopping = aborted(AbortSignal.any([signal, over.signal]));
  const announced = stopping
    .then(async () => {
      if (!signal.aborted) return;
      log.info(`${errorMessage(signal.reason)}: stopping within ${formatDuration(service.graceMs)}`);
      await host.manager?.stopping(service.graceMs + graceMarginMs);
    })
    .catch((error: unknown) => log.warn(errorMessage(error)));
  const graceIsOver = stopping.then(async () => {
    await host.wait(service.graceMs, over.signal);
    throw new GraceIsOver(service, signal.reason);
  });
  try {
    return await Promise.race([untilTold(service, context, ready), host.crashed, graceIsOver]);
  } finally {
    over.abort();
    await announced;
  }
}

/** Serves until it is told to stop, and returns what told it. */
async function untilTold(service: Service, context: JobContext, ready: Ready): Promise<ToldToStop> {
  const { signal } = context;
  await service.serve(context, ready).catch((error: unknown) => {
    const isStop = signal.aborted && (error === signal.reason || errorName(error) === 'AbortError');
    if (!isStop) throw error;
  });
  if (!signal.aborted) throw new Error(`${service.name} has ended, and nobody told it to`);
  if (signal.reason instanceof ToldToStop) return signal.reason;
  throw signal.reason;
}

function createReady({ context, teller, host }: Surroundings, periodMs: number | undefined): Ready {
  const { signal, log } = context;
  const { manager, wait } = host;
  return async ({ status, probe }) => {
    signal.throwIfAborted();
    await manager?.ready(status);
    log.info(status);
    if (manager !== undefined && periodMs !== undefined)
      void keepWatch({ periodMs, probe, manager, log, wait, signal });
    await teller?.ready();
  };
}

/** The service did not stop in the time that it gave itself. */
class GraceIsOver extends Error {
  readonly failure: Failure;

  constructor({ name, graceMs }: Service, reason: unknown) {
    super('the grace time is over');
    const message = `cannot stop ${name} cleanly: after ${formatDuration(graceMs)} it still has work in hand`;
    const exitCode =
      reason instanceof ToldToStop && reason.signalName === 'SIGINT' ? exitInterrupted : exitTerminated;
    // Where a lost lock is why it was to stop, that is the news.
    this.failure =
      reason instanceof ToldToStop
        ? { kind: 'interrupted', message, hint: undefined, exitCode }
        : describeFailure(reason, []);
  }
}

function errorName(error: unknown): string | undefined {
  return error instanceof Error ? error.name : undefined;
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

// What a service is: a program that runs until it is told to stop. It never prints, exits, or reads the clock or the
// environment itself; lib/run/serve is the frame around it, as lib/run/main is around a run that ends.
import type { JobContext } from './context.ts';
import type { StopSignal } from './stop-signals.ts';

/** A service as its frame runs it. */
export interface Service {
  /** As its unit, the log and the alerts call it. */
  readonly name: string;
  /** How long it may take to finish what it has in hand when it is told to stop. */
  readonly graceMs: number;
  /** Loads what it does and serves. */
  readonly serve: (context: ServiceContext, ready: Ready) => Promise<void>;
}

/**
 * Opens what it needs, calls `ready`, and works until `context.signal` aborts. It finishes what it has in hand then,
 * closes what it opened, and returns, or throws the signal's reason. Throws OpsError where it cannot go on; everything
 * else thrown, here or in a callback that nobody waits for, is a bug, and so is to return before the signal aborts.
 */
export type Serve<Given> = (context: ServiceContext, ready: Ready, options: Given) => Promise<void>;

/**
 * What a service is handed. Its life is no run of the history: each piece of its work begins and ends one of its own
 * where that is worth a row.
 */
type ServiceContext = Omit<
  JobContext,
  'progress' | 'confirm' | 'ask' | 'readInput' | 'noteLeft' | 'noteUnderWay' | 'serviceEnding' | 'runId'
>;

/**
 * Called once, when the service can be used: whatever waits for it starts now. Throws OpsError where the service
 * manager cannot be told, for then it would wait in vain.
 */
export type Ready = (readiness: Readiness) => Promise<void>;

interface Readiness {
  /** A line for `systemctl status`: `listening on 127.0.0.1:8790`. */
  readonly status: string;
  /**
   * Resolves when the service does what it is for: one small request to itself, from the outside. Throws or hangs
   * otherwise; a service manager that watches the service then restarts it.
   */
  readonly probe: () => Promise<unknown>;
}

/** The reason of an abort: the service was told to stop. */
export class ToldToStop extends Error {
  readonly signalName: StopSignal;

  constructor(signalName: StopSignal) {
    super(`told to stop by ${signalName}`);
    this.signalName = signalName;
  }
}

// A process without a process: what a service says to its manager and its log, and what tells it to stop, in the test's
// hands.
import { join } from 'node:path';
import type { Failure } from '../../lib/run/failure.ts';
import { serve, type ServiceHost } from '../../lib/run/serve.ts';
import { type Service, ToldToStop } from '../../lib/run/service.ts';
import type { StopSignal } from '../../lib/run/stop-signals.ts';
import { fixedClock } from './fixed-clock.ts';
import { settled, virtualTime } from './virtual-time.ts';
import { World } from './world.ts';

export class HostedService implements AsyncDisposable {
  readonly world = new World();
  readonly time = virtualTime();
  /** What the service manager was told, and others were: in the order of events. */
  readonly said: string[] = [];
  log = '';
  result = '';
  private readonly stop = new AbortController();
  private readonly crash = Promise.withResolvers<never>();

  constructor() {
    this.world.configure();
  }

  /** Starts it, and returns when it waits for something; `exitCode` comes when it has ended. */
  async start(service: Omit<Service, 'name'>, changes: Partial<ServiceHost> = {}) {
    const host: ServiceHost = {
      writeResult: (text) => void (this.result += text),
      writeLog: (text) => (this.log += text),
      logIsTerminal: false,
      logIsColoured: false,
      journal: true,
      manager: {
        ready: async (status) => void this.said.push(`ready: ${status}`),
        alive: async () => void this.said.push('alive'),
        stopping: async (graceMs) => void this.said.push(`stopping: ${graceMs}`),
      },
      watchdogPeriodMs: () => undefined,
      signal: this.stop.signal,
      crashed: this.crash.promise,
      wait: this.time.wait,
      ...changes,
    };
    const invocation = {
      service: { name: 'test-service', ...service },
      configPath: this.world.config,
      envFile: undefined,
      verbosity: 'normal' as const,
      report: ({ kind, exitCode }: Failure) => `${kind} ${exitCode}`,
      createTeller: () => ({
        ready: async () => void this.said.push('told: well'),
        failed: async ({ message }: Failure) => void this.said.push(`told: ${message}`),
      }),
    };
    const exitCode = serve(invocation, host, fixedClock());
    await settled();
    return { exitCode };
  }

  async tellToStop(signalName: StopSignal = 'SIGTERM'): Promise<void> {
    this.stop.abort(new ToldToStop(signalName));
    await settled();
  }

  /** Something throws where nobody waits for it. */
  throwAside(error: unknown): void {
    this.crash.reject(error);
  }

  get history(): string {
    return join(this.world.state, 'ops.db');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]();
  }
}

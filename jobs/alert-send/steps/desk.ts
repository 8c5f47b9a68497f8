// The state of alerts while alert-send works on it: every change is on the device before the next step.
import { isReady } from '../../../lib/incident/channel.ts';
import type { AlertState } from '../../../lib/incident/state.ts';
import { tick } from '../../../lib/incident/tick.ts';
import type { Channel } from '../../../lib/notify/channel.ts';
import type { KeptState } from '../../../lib/notify/state-codec.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { Alerts } from '../../../lib/run/open-alerts.ts';
import type { TakenIn } from './take-in.ts';

export class Desk {
  readonly context: JobContext;
  readonly alerts: Alerts;
  readonly clockTrusted: boolean;
  /** A person does not want to wait for the next try of a channel that failed. */
  readonly isImpatient: boolean;
  readonly #failed = new Set<string>();
  #kept: KeptState;

  constructor(
    context: JobContext,
    alerts: Alerts,
    { kept, clockTrusted }: TakenIn,
    { isImpatient = false }: { isImpatient?: boolean } = {},
  ) {
    this.isImpatient = isImpatient;
    this.context = context;
    this.alerts = alerts;
    this.clockTrusted = clockTrusted;
    this.#kept = kept;
  }

  get state(): AlertState {
    return this.#kept.state;
  }

  get now(): number {
    return this.context.clock.now().getTime();
  }

  /** Whether a channel may be tried now: not again in the run in which it failed. */
  mayTry({ name, setting }: Pick<Channel, 'name' | 'setting'>): boolean {
    if (this.#failed.has(name)) return false;
    return this.isImpatient || isReady(this.state, name, this.now, setting);
  }

  /** Notes that a channel failed in this run. */
  giveUp(channel: string): void {
    this.#failed.add(channel);
  }

  /** Keeps the state with the records in it, and only then removes them from the spool. */
  async settle(before: AlertState, names: readonly string[]): Promise<void> {
    const isKept = this.#kept.revision > 0 && names.length === 0;
    if (isKept && JSON.stringify(before) === JSON.stringify(this.state)) return;
    this.#kept = await this.alerts.states.write({ ...this.#kept, taken: names });
    await this.alerts.spool.remove(names);
    this.#kept = { ...this.#kept, taken: [] };
  }

  /** Nothing is written where nothing changed: most runs of a timer have nothing to say. */
  async keep(state: AlertState): Promise<void> {
    const names = this.alerts.channels.map(({ name }) => name);
    const { now, clockTrusted } = this;
    const next = tick(state, this.alerts.policy, { now, clockTrusted, channels: names });
    if (JSON.stringify(next) === JSON.stringify(this.state)) return;
    this.#kept = await this.alerts.states.write({ ...this.#kept, state: next });
  }
}

// Events for the incident engine, and a machine on which they happen one after the other.
import type { Observation, RunResult } from '../../lib/incident/observation.ts';
import { acknowledge, observe } from '../../lib/incident/observe.ts';
import { dueNotices, type Notice, told } from '../../lib/incident/due.ts';
import type { AlertPolicy } from '../../lib/incident/policy.ts';
import { type AlertState, emptyState } from '../../lib/incident/state.ts';
import { tick } from '../../lib/incident/tick.ts';

export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;

export const policy: AlertPolicy = {
  failures: 1,
  recoveries: 1,
  skips: 3,
  interruptions: 2,
  jobs: {},
  reminders: [4 * hour, 24 * hour],
  escalateAfter: 24 * hour,
  quiet: undefined,
  canaryEvery: undefined,
};

let runs = 0;

export function observation(result: RunResult, more: Partial<Observation> = {}): Observation {
  const runId = `run-${(runs += 1)}`;
  return {
    check: 'db-backup',
    runId,
    at: 0,
    result,
    severity: 'warning',
    proves: [],
    ...more,
    facts: {
      message: `it ended ${result}`,
      hint: undefined,
      next: 'db-backup test',
      apps: ['ctv'],
      runId: 'runId' in more ? more.runId : runId,
      exitCode: 69,
      protection: [],
      ...more.facts,
    },
  };
}

/** The engine with a clock of its own. What is due is said at once on every channel that works. */
export class AlertMachine {
  state: AlertState;
  now = Date.parse('2026-11-20T02:00:00Z');
  readonly policy: AlertPolicy;
  readonly channels: readonly string[];
  /** Channels that do not answer now. */
  readonly cut = new Set<string>();
  clockTrusted = true;
  /** Every message ever said. */
  readonly said: Notice[] = [];

  constructor(changes: Partial<AlertPolicy> = {}, channels = ['ntfy']) {
    this.policy = { ...policy, ...changes };
    this.channels = channels;
    this.state = emptyState(this.now);
  }

  /** A run ends now; returns what is said of it. */
  run(result: RunResult, more: Partial<Observation> = {}): string[] {
    this.state = observe(this.state, observation(result, { at: this.now, ...more }), this.policy, this.now);
    return this.speak();
  }

  acknowledge(forMs: number | undefined, check = 'db-backup'): string[] {
    this.state = acknowledge(this.state, { check, at: this.now, forMs });
    return this.speak();
  }

  /** Time passes, a quarter of an hour at a time; returns what is said meanwhile. */
  pass(ms: number): string[] {
    const until = this.now + ms;
    const said: string[] = [];
    while (this.now < until) {
      this.now = Math.min(until, this.now + 15 * minute);
      said.push(...this.speak());
    }
    return said;
  }

  /** The clock is set; nothing really happens. */
  jump(ms: number): string[] {
    this.now += ms;
    return this.speak();
  }

  speak(): string[] {
    const { channels, clockTrusted, now } = this;
    this.state = tick(this.state, this.policy, { now, clockTrusted, channels });
    const words: string[] = [];
    for (const channel of channels) {
      if (this.cut.has(channel)) continue;
      for (const notice of dueNotices(this.state, channel, this.policy, { now, clockTrusted })) {
        this.said.push(notice);
        this.state = told(this.state, notice, now);
        words.push(sentence(notice, channels.length > 1));
      }
    }
    this.state = tick(this.state, this.policy, { now, clockTrusted, channels });
    return words;
  }
}

/** `failing`, or `ntfy: failing db-backup, recovered restore-drill` */
function sentence({ channel, items }: Notice, isNamed: boolean): string {
  const words =
    items.length === 0
      ? 'canary'
      : items.map(({ kind, check }) => (check === 'db-backup' ? kind : `${kind} ${check}`)).join(', ');
  return isNamed ? `${channel}: ${words}` : words;
}

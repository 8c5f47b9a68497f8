// What has to hold whatever happens: random runs, outages and clocks.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RunResult } from '../../../lib/incident/observation.ts';
import { AlertMachine, day, hour, minute } from '../../support/alert-events.ts';

const results: RunResult[] = ['done', 'failed', 'bad-news', 'killed', 'busy', 'interrupted'];
const checks = ['db-backup', 'db-backup@ctv', 'restore-drill'];

/** What may happen, and how often: as data, so that a failure shows the few events that it takes. */
const event = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      run: fc.constantFrom(...results),
      check: fc.constantFrom(...checks),
      severity: fc.constantFrom('warning' as const, 'critical' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ cut: fc.constantFrom('ntfy', 'slack') }) },
  { weight: 2, arbitrary: fc.record({ mend: fc.constant(true) }) },
  { weight: 1, arbitrary: fc.record({ jump: fc.integer({ min: -2 * day, max: 2 * day }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      acknowledge: fc.constantFrom(...checks),
      forMs: fc.constantFrom(undefined, hour, 8 * hour),
    }),
  },
  { weight: 2, arbitrary: fc.record({ nothing: fc.constant(true) }) },
);
const events = fc.array(fc.record({ event, minutes: fc.integer({ min: 0, max: 89 }) }), {
  maxLength: 80,
  size: 'max',
});
const settings = fc.record({
  failures: fc.constantFrom(1, 2, 3),
  recoveries: fc.constantFrom(1, 2),
  canaryEvery: fc.constantFrom(undefined, 7 * day),
});
const channels = fc.constantFrom<string[]>(['ntfy'], ['ntfy', 'slack']);

test('random days', () => {
  const property = fc.property(settings, channels, events, (policy, names, happened) => {
    const machine = new AlertMachine(policy, names);
    for (const { event, minutes } of happened) {
      if ('run' in event) machine.run(event.run, { check: event.check, severity: event.severity });
      else if ('cut' in event) machine.cut.add(event.cut);
      else if ('mend' in event) machine.cut.clear();
      else if ('jump' in event) machine.jump(event.jump);
      else if ('acknowledge' in event) machine.acknowledge(event.forMs, event.acknowledge);
      machine.now += minutes * minute;
      machine.speak();
      requireSane(machine);
    }
    requireSettled(machine);
    requireGrammar(machine);
  });
  // The same days in every run of the tests: what is red today was not green by chance yesterday.
  fc.assert(property, { seed: 1, numRuns: 300 });
});

/** No time lies ahead of the clock by more than its wait, and nothing piles up. */
function requireSane({ state, now, policy }: AlertMachine): void {
  expect(state.runs.length).toBeLessThanOrEqual(100);
  for (const { incident } of state.checks) {
    if (incident === undefined) continue;
    expect(incident.openedAt).toBeLessThanOrEqual(now);
    expect((incident.remindAt ?? 0) - now).toBeLessThanOrEqual(Math.max(...policy.reminders));
  }
}

/** When all channels answer and all is well again, every channel knows, and nothing is left to say. */
function requireSettled(machine: AlertMachine): void {
  machine.cut.clear();
  machine.speak();
  for (let good = 0; good < 3; good += 1) {
    machine.now += 2 * hour;
    for (const check of checks) machine.run('done', { check });
  }
  expect(machine.state.checks.filter(({ incident }) => incident !== undefined)).toEqual([]);
  for (const channel of machine.channels) {
    for (const check of checks)
      expect(lastWord(machine, channel, check)).not.toMatch(/failing|worse|reminder/);
  }
}

/** On each channel, of each check: `failing` opens, `recovered` closes, `passed` stands alone, the rest lies between. */
function requireGrammar(machine: AlertMachine): void {
  for (const channel of machine.channels) {
    for (const check of checks) {
      const words = wordsOf(machine, channel, check).join(' ');
      expect(`${words} `).toMatch(
        /^((failing ((worse|reminder) )*recovered |passed ))*(failing ((worse|reminder) )*)?$|^ $/,
      );
    }
  }
}

function wordsOf({ said }: AlertMachine, channel: string, check: string): string[] {
  return said
    .filter((notice) => notice.channel === channel)
    .flatMap(({ items }) => items.filter((item) => item.check === check).map(({ kind }) => kind));
}

function lastWord(machine: AlertMachine, channel: string, check: string): string {
  return wordsOf(machine, channel, check).at(-1) ?? '';
}

// What has to hold whatever happens: random runs, outages and clocks.
import { expect, test } from 'vitest';
import type { RunResult } from '../../../lib/incident/observation.ts';
import { AlertMachine, day, hour, minute } from '../../support/alert-events.ts';

/** Numbers from 0 to 1 that are the same for the same seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

function pick<T>(next: () => number, from: readonly T[]): T {
  return from[Math.floor(next() * from.length)] as T;
}

const results: RunResult[] = ['done', 'failed', 'bad-news', 'killed', 'busy', 'interrupted'];
const checks = ['db-backup', 'db-backup@ctv', 'restore-drill'];

test.each(Array.from({ length: 300 }, (_, seed) => seed))('random days, seed %i', (seed) => {
  const next = random(seed);
  const machine = new AlertMachine(
    {
      failures: pick(next, [1, 2, 3]),
      recoveries: pick(next, [1, 2]),
      canaryEvery: pick(next, [undefined, 7 * day]),
    },
    pick(next, [['ntfy'], ['ntfy', 'slack']]),
  );
  for (let step = 0; step < 80; step += 1) {
    const act = next();
    if (act < 0.6)
      machine.run(pick(next, results), {
        check: pick(next, checks),
        severity: pick(next, ['warning', 'critical']),
      });
    else if (act < 0.7) machine.cut.add(pick(next, machine.channels));
    else if (act < 0.8) machine.cut.clear();
    else if (act < 0.85) machine.jump((next() - 0.5) * 4 * day);
    else if (act < 0.9) machine.acknowledge(pick(next, [undefined, hour, 8 * hour]), pick(next, checks));
    machine.now += Math.floor(next() * 90) * minute;
    machine.speak();
    requireSane(machine);
  }
  requireSettled(machine);
  requireGrammar(machine);
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

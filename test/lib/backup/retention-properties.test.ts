// What every retention plan must keep to, on random histories. The generator is seeded: a failure can be repeated.
import { describe, expect, test } from 'vitest';
import { newestFirst } from '../../../lib/backup/order.ts';
import { retentionPlan } from '../../../lib/backup/retention.ts';
import type { RetentionCandidate, RetentionQuestion } from '../../../lib/backup/retention.ts';

const hourMs = 3_600_000;
const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Pacific/Kiritimati', 'Australia/Lord_Howe'];

/** Mulberry32: small, fast, and the same everywhere. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** A history with gaps, crowded days, equal instants, suspects, and now and then a clock that is a little behind. */
function randomQuestion(seed: number): RetentionQuestion {
  const random = randomNumbers(seed);
  const backups: RetentionCandidate[] = [];
  let takenMs = Date.UTC(2024, random(12), 1 + random(28), random(24), random(60));
  for (let left = random(60); left > 0; left -= 1) {
    backups.push({ name: `b${left}`, takenAt: new Date(takenMs), suspect: random(6) === 0 });
    takenMs += [0, 1, 24, 24, 24, 24 * 8, 24 * 70][random(7)]! * hourMs + random(2) * 60_000;
  }
  return {
    backups: backups.sort(() => random(3) - 1),
    policy: {
      last: random(8),
      hourly: random(3) * random(8),
      daily: random(8),
      weekly: random(5),
      monthly: random(13),
    },
    now: new Date(takenMs - random(2) * random(30) * 60_000),
    timeZone: zones[random(zones.length)]!,
    clock: 'synchronised',
  };
}

function parts(question: RetentionQuestion) {
  const plan = retentionPlan(question);
  const keptNames = new Set(plan.decisions.filter(({ keep }) => keep).map(({ name }) => name));
  const isKept = ({ name }: RetentionCandidate) => keptNames.has(name);
  return {
    plan,
    kept: question.backups.filter(isKept),
    removed: question.backups.filter((backup) => !isKept(backup)),
  };
}

const questions = Array.from({ length: 150 }, (_, seed) => ({ seed, question: randomQuestion(seed) }));

describe('every plan', () => {
  test('is tried on histories in which something is removed, and on some in which nothing may be', () => {
    const plans = questions.map(({ question }) => parts(question));
    expect(plans.filter(({ removed }) => removed.length > 0).length).toBeGreaterThan(50);
    expect(plans.filter(({ plan }) => plan.refused !== undefined).length).toBeGreaterThan(10);
  });

  test('decides about each backup once, newest first, with a reason', () => {
    for (const { seed, question } of questions) {
      const { decisions } = retentionPlan(question);
      const names = question.backups.toSorted(newestFirst).map(({ name }) => name);
      expect(
        decisions.map(({ name }) => name),
        `seed ${seed}`,
      ).toEqual(names);
      expect(
        decisions.every(({ reasons }) => reasons.length > 0 && !reasons.includes('')),
        `seed ${seed}`,
      ).toBe(true);
    }
  });

  test('keeps the newest proven backup, and the newest', () => {
    for (const { seed, question } of questions) {
      const { kept } = parts(question);
      const newest = question.backups.toSorted(newestFirst);
      const timely = newest.filter(({ takenAt }) => takenAt <= question.now);
      for (const backup of [newest[0], timely.find(({ suspect }) => !suspect)]) {
        if (backup !== undefined) expect(kept, `seed ${seed}`).toContain(backup);
      }
    }
  });

  test('keeps no more than the policy has slots for, the suspect among the newest and the future', () => {
    for (const { seed, question } of questions) {
      const { plan, kept } = parts(question);
      if (plan.refused !== undefined) continue;
      const { last, hourly, daily, weekly, monthly } = question.policy;
      const future = question.backups.filter(({ takenAt }) => takenAt > question.now).length;
      const proven = kept.filter(({ suspect }) => !suspect).length;
      expect(proven, `seed ${seed}`).toBeLessThanOrEqual(
        last + hourly + daily + weekly + monthly + future + 1,
      );
      expect(kept.length - proven, `seed ${seed}`).toBeLessThanOrEqual(last + future);
    }
  });

  test('fills every slot of the newest ones that there are backups for', () => {
    for (const { seed, question } of questions) {
      const { kept } = parts(question);
      const timely = question.backups.filter(({ takenAt, suspect }) => !suspect && takenAt <= question.now);
      for (const backup of timely.toSorted(newestFirst).slice(0, question.policy.last)) {
        expect(kept, `seed ${seed}`).toContain(backup);
      }
    }
  });

  test('removes nothing more when it is made again after the removals', () => {
    for (const { seed, question } of questions) {
      const { kept } = parts(question);
      const again = parts({ ...question, backups: kept });
      expect(again.removed, `seed ${seed}`).toEqual([]);
    }
  });

  test('is the same whether removals are made after every backup or only at the end', () => {
    for (const { seed, question } of questions.slice(0, 50)) {
      const proven = question.backups
        .filter(({ suspect }) => !suspect)
        .toSorted(newestFirst)
        .reverse();
      const atOnce = parts({ ...question, backups: proven, now: new Date('2100-01-01') }).kept;
      let stepwise: readonly RetentionCandidate[] = [];
      for (const backup of proven) {
        stepwise = parts({ ...question, backups: [...stepwise, backup], now: new Date('2100-01-01') }).kept;
      }
      expect(stepwise, `seed ${seed}`).toEqual(atOnce);
    }
  });

  test('brings back none of the removed when a newer backup comes', () => {
    for (const { seed, question } of questions) {
      const { removed } = parts(question);
      const newestMs = Math.max(0, ...question.backups.map(({ takenAt }) => takenAt.getTime()));
      for (const laterMs of [60_000, 400 * 24 * hourMs]) {
        const takenAt = new Date(newestMs + laterMs);
        const newer: RetentionCandidate = { name: 'a newer one', takenAt, suspect: false };
        const now = new Date(Math.max(takenAt.getTime(), question.now.getTime()));
        const { kept } = parts({ ...question, backups: [...question.backups, newer], now });
        expect(
          kept.filter((backup) => removed.includes(backup)),
          `seed ${seed}`,
        ).toEqual([]);
      }
    }
  });

  test('removes nothing by a clock that is behind that it would keep by a right one', () => {
    for (const { seed, question } of questions.slice(0, 50)) {
      const { plan, removed } = parts({ ...question, now: new Date('2100-01-01') });
      if (plan.refused !== undefined) continue;
      const timesMs = question.backups.map(({ takenAt }) => takenAt.getTime());
      for (const nowMs of [0, ...timesMs, ...timesMs.map((ms) => ms - 1)]) {
        const behind = parts({ ...question, now: new Date(nowMs) }).removed;
        expect(
          behind.filter((backup) => !removed.includes(backup)),
          `seed ${seed}, now ${nowMs}`,
        ).toEqual([]);
      }
    }
  });

  test('removes nothing when the clock or the newest backup is not to be believed', () => {
    for (const { seed, question } of questions) {
      const newestMs = Math.max(0, ...question.backups.map(({ takenAt }) => takenAt.getTime()));
      const suspect = { name: 'a suspect one', takenAt: new Date(newestMs + 1000), suspect: true };
      for (const doubt of [
        { clock: 'unsynchronised' as const },
        { now: suspect.takenAt, backups: [...question.backups, suspect] },
        { policy: { last: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0 } },
      ]) {
        expect(parts({ ...question, ...doubt }).removed, `seed ${seed}`).toEqual([]);
      }
    }
  });
});

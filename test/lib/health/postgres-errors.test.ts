// What is made of what a PostgreSQL server counts: of looks that follow each other in whatever time, of resets, of restarts.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PostgresCounters, PostgresLook } from '../../../lib/health/postgres.ts';
import { postgresErrorsCheck } from '../../../lib/health/postgres-errors.ts';
import {
  type CounterWindow,
  happenedIn,
  parseWindow,
  withLook,
} from '../../../lib/health/postgres-window.ts';
import { lookedAt, someLook } from '../../support/postgres-look.ts';

const minute = 60_000;
const hour = 60 * minute;

/** A server that is looked at again and again, by whoever. */
class Watched {
  #kept: string | undefined;
  #startedAt = lookedAt - 30 * 24 * hour;
  counters: Partial<PostgresCounters> = {};
  at = lookedAt;

  look({
    after = 5 * minute,
    counters = {},
    restarted = false,
    rollbackPercent = undefined as number | undefined,
  } = {}) {
    this.at += after;
    this.counters = { ...this.counters, ...counters };
    if (restarted) this.#startedAt = this.at;
    const look: PostgresLook = someLook({ at: this.at, startedAt: this.#startedAt, counters: this.counters });
    const window = withLook(parseWindow(this.#kept), look);
    this.#kept = JSON.stringify(window);
    const facts = { found: { look }, window, rollbackPercent, errorsHint: 'tail' };
    const { limits } = postgresErrorsCheck;
    const view = { subject: 'traitortrack', limits, now: new Date(this.at), earlier: [], timeZone: 'UTC' };
    return postgresErrorsCheck.judge(facts, view);
  }
}

test('the first look counts nothing, whatever there was before', () => {
  const found = new Watched().look({ counters: { deadlocks: 4000, conflicts: 7, rollbacks: 1e9 } });
  expect(found).toMatchObject({ verdict: 'ok', message: expect.stringContaining('first look') });
  expect(found.value).toBeUndefined();
});

/** Deadlocks and conflicts, both sides of the limits. */
test.each([
  [0, 0, 'ok'],
  [4, 0, 'ok'],
  [5, 0, 'warning'],
  [0, 5, 'warning'],
  [25, 24, 'warning'],
  [25, 25, 'critical'],
])(
  '%i deadlocks and %i conflicts within an hour: %s, and well again after it',
  (deadlocks, conflicts, verdict) => {
    const server = new Watched();
    server.look();
    const found = server.look({ counters: { deadlocks, conflicts } });
    expect(found).toMatchObject({ verdict, value: deadlocks + conflicts });
    expect(found.message).toContain(`${deadlocks} deadlocks, ${conflicts} conflicts`);
    expect(found.hint === undefined).toBe(verdict === 'ok');
    expect(server.look()).toMatchObject({ verdict, value: deadlocks + conflicts });
    for (let count = 0; count < 13; count += 1) server.look();
    expect(server.look()).toMatchObject({ verdict: 'ok', value: 0 });
  },
);

test('what happened once is once an hour, however soon the next look is', () => {
  const server = new Watched();
  server.look();
  for (const after of [1, 1000, 1000, 1000])
    expect(server.look({ after, counters: { deadlocks: 1 } }).value).toBe(1);
});

test('after a night without a look it is how much an hour', () => {
  const server = new Watched();
  server.look();
  expect(server.look({ after: 10 * hour, counters: { deadlocks: 40 } })).toMatchObject({
    verdict: 'ok',
    value: 4,
  });
});

/** What becomes of counters, and how much of it is counted. */
const turns: [what: string, look: Parameters<Watched['look']>[0], value: number][] = [
  [
    'a reset, and two since',
    { counters: { deadlocks: 2, commits: 1, rollbacks: 0, resetAt: lookedAt + 7 * minute } },
    2,
  ],
  [
    'a reset, and more since than there was before it',
    { counters: { deadlocks: 12, resetAt: lookedAt + 7 * minute } },
    12,
  ],
  ['a reset that nobody tells, and two since', { counters: { deadlocks: 2, commits: 1, rollbacks: 0 } }, 2],
  ['a restart that kept them', { restarted: true, counters: { deadlocks: 12 } }, 0],
  ['a crash that lost them', { restarted: true, counters: { deadlocks: 1, commits: 3, rollbacks: 0 } }, 0],
  ['another server in its place', { restarted: true, counters: { deadlocks: 90_000, commits: 1e12 } }, 0],
  ['nothing', {}, 0],
];

test.each(turns)('%s', (_, look, value) => {
  const server = new Watched();
  server.look({ counters: { deadlocks: 10 } });
  expect(server.look(look).value).toBe(value);
  expect(server.look({ counters: { deadlocks: (server.counters.deadlocks ?? 0) + 1 } }).value).toBe(
    value + 1,
  );
});

test('whatever a server says, nothing is negative, nothing is more than it has counted, and little is kept', () => {
  const count = fc.nat(1e9);
  const reading = fc.record({
    at: fc.integer({ min: lookedAt - 5 * hour, max: lookedAt + hour }),
    startedAt: fc.constantFrom(1, 2),
    counters: fc.record({
      ...{ commits: count, rollbacks: count, deadlocks: count, conflicts: count, tempBytes: count },
      ...{ checksumFailures: fc.option(count, { nil: undefined }), resetAt: fc.constantFrom(undefined, 5) },
    }),
  });
  fc.assert(
    fc.property(fc.array(reading, { maxLength: 80 }), fc.boolean(), (looks, isSorted) => {
      if (isSorted) looks.sort((a, b) => a.at - b.at);
      let kept: CounterWindow | undefined;
      let most = 0;
      for (const [index, look] of looks.entries()) {
        if (index > 0) most += look.counters.deadlocks;
        kept = withLook(kept, someLook(look));
        expect(parseWindow(JSON.stringify(kept))).toEqual(kept);
        expect(kept.marks.length).toBeLessThanOrEqual(32);
        const { overMs, counts } = happenedIn(kept) ?? { overMs: 1, counts: kept.total };
        expect(overMs).toBeGreaterThan(0);
        expect(counts.deadlocks).toBeGreaterThanOrEqual(0);
        expect(counts.deadlocks).toBeLessThanOrEqual(most);
      }
    }),
  );
});

test('however the looks are spread, nothing that happened within the hour is lost, and nothing is counted twice', () => {
  const steps = fc.array(
    fc.record({ after: fc.integer({ min: 1, max: 90 * minute }), deadlocks: fc.nat(5) }),
    {
      minLength: 1,
      maxLength: 60,
    },
  );
  fc.assert(
    fc.property(steps, (looks) => {
      let at = lookedAt;
      let deadlocks = 1000;
      let kept = withLook(undefined, someLook({ at, counters: { deadlocks } }));
      const happened: { at: number; count: number }[] = [];
      for (const step of looks) {
        at += step.after;
        deadlocks += step.deadlocks;
        happened.push({ at, count: step.deadlocks });
        kept = withLook(kept, someLook({ at, counters: { deadlocks } }));
        const { overMs, counts } = happenedIn(kept) ?? { overMs: 0, counts: kept.total };
        const since = at - overMs;
        const expected = happened.filter((one) => one.at > since).reduce((sum, one) => sum + one.count, 0);
        expect(counts.deadlocks).toBe(expected);
        if (at - lookedAt >= hour) expect(overMs).toBeGreaterThanOrEqual(hour);
      }
    }),
  );
});

test.each([
  '',
  'x',
  '{}',
  '[1]',
  'null',
  '{"last":{"at":1},"marks":[],"total":{}}',
  '{"last":{},"marks":[null]}',
])('what was kept and is %j is as nothing', (text) => expect(parseWindow(text)).toBeUndefined());

test('rolling back is a warning only where a limit is given, and only of enough transactions', () => {
  const server = () => {
    const made = new Watched();
    made.look({ counters: { commits: 1000, rollbacks: 0 } });
    return made;
  };
  const half = { commits: 1050, rollbacks: 50 };
  expect(server().look({ counters: half })).toMatchObject({
    verdict: 'ok',
    measures: { rollback_percent: 50 },
  });
  expect(server().look({ counters: half }).message).toContain(
    '50 of 100 transactions rolled back (50%) in the last 5 min',
  );
  expect(server().look({ counters: half, rollbackPercent: 51 }).verdict).toBe('ok');
  expect(server().look({ counters: half, rollbackPercent: 50 }).verdict).toBe('warning');
  expect(server().look({ counters: { commits: 1049, rollbacks: 50 }, rollbackPercent: 50 }).verdict).toBe(
    'ok',
  );
});

test('a damaged page is critical for a day, also one of before the first look', () => {
  const at = lookedAt + 5 * minute;
  const first = { checksumFailures: 2, checksumFailedAt: at - 23 * hour };
  const server = new Watched();
  expect(server.look({ counters: first })).toMatchObject({
    verdict: 'critical',
    message: expect.stringContaining('damaged pages: 2 checksum failures, the last at 2026-11-19 13:05:00Z'),
  });
  expect(server.look({ after: 59 * minute }).verdict).toBe('critical');
  expect(server.look({ after: 2 * minute }).verdict).toBe('ok');
  const later = server.look({ counters: { checksumFailures: 3, checksumFailedAt: server.at } });
  expect(later).toMatchObject({ verdict: 'critical', measures: { checksum_failures: 3 } });
  expect(
    new Watched().look({ counters: { checksumFailures: 9, checksumFailedAt: at - 25 * hour } }).verdict,
  ).toBe('ok');
  const without = { checksumFailures: undefined, checksumFailedAt: undefined };
  expect(new Watched().look({ counters: without }).verdict).toBe('ok');
});

test('a server that did not let us is unknown, and explained by the check that says so', () => {
  const refusal = { kind: 'down', isOwnRole: true, message: 'why', hint: 'do' } as const;
  const facts = { found: { refusal }, window: undefined, rollbackPercent: undefined, errorsHint: '' };
  const view = { subject: 'x', limits: {}, now: new Date(0), earlier: [], timeZone: 'UTC' };
  expect(postgresErrorsCheck.judge(facts, view)).toMatchObject({
    verdict: 'unknown',
    message: 'why',
    hint: 'do',
  });
  expect(postgresErrorsCheck.causedBy).toContain('postgres-connections');
});

// What is made of the size of a PostgreSQL database, and of those that it had.
import { expect, test } from 'vitest';
import type { Limits, Sample } from '../../../lib/health/check.ts';
import { postgresSizeCheck } from '../../../lib/health/postgres-size.ts';
import { someLook } from '../../support/postgres-look.ts';

const now = new Date('2026-11-20T12:00:00Z');
const hours = (count: number, value: number): Sample => ({
  at: new Date(now.getTime() - count * 3_600_000),
  value,
});

function judge(
  sizeBytes: number | undefined,
  { limits = postgresSizeCheck.limits, earlier = [] as Sample[] } = {},
) {
  const view = { subject: 'traitortrack', limits, now, earlier, timeZone: 'UTC' };
  return postgresSizeCheck.judge({ look: someLook({ sizeBytes }) }, view);
}

const sides: [sizeBytes: number, limits: Limits, verdict: string][] = [
  [1e15, {}, 'ok'],
  [19.9e9, { warning: 20e9, critical: 40e9 }, 'ok'],
  [20e9, { warning: 20e9, critical: 40e9 }, 'warning'],
  [39.9e9, { warning: 20e9, critical: 40e9 }, 'warning'],
  [40e9, { warning: 20e9, critical: 40e9 }, 'critical'],
];

test.each(sides)('%i bytes with %j: %s', (sizeBytes, limits, verdict) => {
  expect(judge(sizeBytes, { limits })).toMatchObject({ verdict, value: sizeBytes });
});

const growths: [earlier: Sample[], message: string, perDay: number | undefined][] = [
  [[], '1.4 GB', undefined],
  [[hours(5, 1e9)], '1.4 GB', undefined],
  [[hours(24, 1e9)], '1.4 GB, 400 MB a day more over the last 1 d', 400e6],
  [[hours(12, 1.2e9), hours(6, 1.3e9)], '1.4 GB, 400 MB a day more over the last 12 h', 400e6],
  [[hours(48, 1.6e9)], '1.4 GB, 100 MB a day less over the last 2 d', -100e6],
  [[hours(24, 1.4e9)], '1.4 GB, the same over the last 1 d', 0],
  [[hours(-24, 1e9)], '1.4 GB', undefined],
];

test.each(growths)('after %j: %s', (earlier, message, perDay) => {
  const found = judge(1.4e9, { earlier });
  expect(found.message).toBe(message);
  expect(found.measures?.growth_bytes_per_day).toBe(perDay);
});

test('what could not be added up, and a server that did not let us, are unknown', () => {
  expect(judge(undefined)).toMatchObject({ verdict: 'unknown' });
  const refusal = { kind: 'down', isOwnRole: true, message: 'why', hint: 'do' } as const;
  const view = { subject: 'x', limits: {}, now, earlier: [], timeZone: 'UTC' };
  expect(postgresSizeCheck.judge({ refusal }, view)).toMatchObject({
    verdict: 'unknown',
    message: 'why',
    hint: 'do',
  });
  expect(postgresSizeCheck.causedBy).toContain('postgres-connections');
});

// When what other tools make is new enough.
import { expect, test } from 'vitest';
import type { Limits } from '../../../lib/health/check.ts';
import { freshnessCheck, type FreshnessFacts, type UnitFound } from '../../../lib/health/freshness.ts';
import { hoursAgo, judged } from './judged.ts';

const file = (hours: number, sizeBytes = 200e6, own: Limits = {}, sizeBytesMin?: number): FreshnessFacts => ({
  found: { file: '/srv/copy.db', at: hoursAgo(hours), sizeBytes },
  limits: own,
  sizeBytesMin,
});

const unit = (given: Partial<UnitFound>): FreshnessFacts => ({
  found: {
    unit: 'restic.service',
    finishedAt: hoursAgo(2),
    isRunning: false,
    watchedSince: hoursAgo(2000),
    failure: undefined,
    ...given,
  },
  limits: {},
  sizeBytesMin: undefined,
});

const hour = 3600;

test.each<[what: string, facts: FreshnessFacts, verdict: string, message: RegExp]>([
  ['new', file(0), 'ok', /^\/srv\/copy\.db is new, 200 MB$/],
  ['just young enough', file(35.99), 'ok', /is 1 d 11 h old/],
  ['too old', file(36), 'warning', /is 1 d 12 h old, 200 MB/],
  ['too old by its own limit', file(2, 1, { warning: 2 * hour }), 'warning', /2 h/],
  ['very old by its own limit', file(48, 1, { critical: 48 * hour }), 'critical', /2 d/],
  ['a longer time of its own', file(48, 1, { warning: 72 * hour }), 'ok', /2 d/],
  ['large enough', file(1, 100e6, {}, 100e6), 'ok', /100 MB/],
  ['too small', file(1, 99e6, {}, 100e6), 'critical', /has only 99 MB, and should have 100 MB at least/],
  ['empty', file(1, 0, {}, 1), 'critical', /has only 0 B/],
  ['too small and too old', file(99, 0, {}, 1), 'critical', /has only 0 B.*4 d 3 h old/],
  ['a clock a little ahead', file(-0.1), 'ok', /is new/],
  ['from tomorrow', file(-24), 'warning', /dated in the future, 2026-11-29 03:00:00Z/],
  [
    'nothing there',
    { ...file(0), found: { nothing: '/srv/copies holds no file', path: '/srv/copies' } },
    'critical',
    /holds no file/,
  ],
  ['a unit that ended well', unit({}), 'ok', /^restic\.service ended well 2 h ago$/],
  ['a unit that ended well too long ago', unit({ finishedAt: hoursAgo(36) }), 'warning', /1 d 12 h ago/],
  [
    'a unit that failed since',
    unit({ failure: 'exit-code' }),
    'ok',
    /2 h ago; its newest run failed \(exit-code\)/,
  ],
  [
    'a service that runs',
    unit({ isRunning: true, finishedAt: hoursAgo(500) }),
    'ok',
    /^restic\.service runs$/,
  ],
  [
    'watched since an hour',
    unit({ finishedAt: undefined, watchedSince: hoursAgo(1) }),
    'ok',
    /has not ended well since/,
  ],
  [
    'watched long enough',
    unit({ finishedAt: undefined, watchedSince: hoursAgo(36) }),
    'warning',
    /has not ended well since/,
  ],
])('%s', (_, facts, verdict, message) =>
  expect(judged(freshnessCheck, facts)).toMatchObject({
    verdict,
    message: expect.stringMatching(message) as string,
  }),
);

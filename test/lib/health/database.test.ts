// When the database of an app is well: each reason for which it is not, and the same without it.
import { expect, test } from 'vitest';
import { databaseCheck, type FileFacts, dayGrowth } from '../../../lib/health/database.ts';
import { someLook } from '../../support/postgres-look.ts';
import { hoursAgo, judged, now } from './judged.ts';

const well: FileFacts = {
  path: '/srv/app.db',
  seen: { sizeBytes: 300e6 },
  checked: { at: hoursAgo(3), problems: [] },
  givenUp: undefined,
  growthPercentMax: 50,
};

const failed = (kind: 'missing' | 'damaged' | 'io' | 'unavailable') => ({
  ...well,
  seen: { kind, message: `cannot read the database: ${kind}`, hint: undefined },
});

test.each<[what: string, facts: FileFacts, verdict: string, message: RegExp]>([
  ['well', well, 'ok', /^300 MB, pages well 3 h ago$/],
  ['not checked yet', { ...well, checked: undefined }, 'ok', /pages not checked yet$/],
  [
    'too large to be checked',
    { ...well, checked: undefined, givenUp: { at: hoursAgo(1), afterMs: 60_000 } },
    'ok',
    /not checked yet, and given up after 1 min 1 h ago$/,
  ],
  [
    'checked after it was once given up',
    { ...well, givenUp: { at: hoursAgo(30), afterMs: 60_000 } },
    'ok',
    /pages well 3 h ago$/,
  ],
  [
    'checked as far as it goes',
    { ...well, checked: { at: hoursAgo(3), problems: [], note: 'not in full' } },
    'ok',
    /pages well 3 h ago \(not in full\)$/,
  ],
  [
    'damaged pages',
    { ...well, checked: { at: hoursAgo(3), problems: ['page 3 is never used', 'page 4 is never used'] } },
    'critical',
    /damaged: page 3 is never used \(and 1 more\) \(seen 3 h ago\)/,
  ],
  ['gone', failed('missing'), 'critical', /missing/],
  ['no database', failed('damaged'), 'critical', /damaged/],
  ['a disk that fails', failed('io'), 'critical', /io/],
  ['kept locked', failed('unavailable'), 'warning', /unavailable/],
])('%s', (_, facts, verdict, message) => {
  const judgement = judged(databaseCheck, facts);
  expect(judgement).toMatchObject({ verdict, message: expect.stringMatching(message) as string });
  expect(judgement.hint).not.toBe(undefined);
});

test.each([
  // A size before, hours ago, and now: what is told.
  [100e6, 24, 300e6, 'warning', /^300 MB, it was 100 MB 1 d ago,/],
  [200e6, 24, 300e6, 'warning', /it was 200 MB/],
  [201e6, 24, 300e6, 'ok', /99 MB more than 1 d ago/],
  [1e6, 24, 100e6, 'ok', /99 MB more/],
  [900e6, 24, 1100e6, 'ok', /200 MB more than 1 d ago/],
  [300e6, 24, 100e6, 'ok', /200 MB less than 1 d ago/],
  [300e6, 24, 300e6, 'ok', /^300 MB, pages/],
  // A sample of this morning says nothing of a day, nor does one of last week.
  [100e6, 12, 300e6, 'ok', /^300 MB, pages/],
  [100e6, 60, 300e6, 'ok', /^300 MB, pages/],
])('%d bytes %d hours ago, and now %d: %s', (before, hours, sizeBytes, verdict, message) => {
  const earlier = [{ at: hoursAgo(hours), value: before }];
  expect(judged(databaseCheck, { ...well, seen: { sizeBytes } }, { earlier })).toMatchObject({
    verdict,
    message: expect.stringMatching(message) as string,
  });
});

test('of several samples the newest that is a day old counts', () => {
  const earlier = [48, 30, 25, 20, 1].map((hours) => ({ at: hoursAgo(hours), value: hours }));
  expect(dayGrowth(earlier, { at: now, value: 0 })).toEqual({ bytes: -25, ms: 25 * 3_600_000 });
});

test.each([
  [1.99e9, 'ok'],
  [2e9, 'warning'],
  [2.99e9, 'warning'],
  [3e9, 'critical'],
])('with limits of 2 and 3 GB, %d bytes are %s', (sizeBytes, verdict) =>
  expect(
    judged(databaseCheck, { ...well, seen: { sizeBytes } }, { limits: { warning: 2e9, critical: 3e9 } }),
  ).toMatchObject({ verdict, value: sizeBytes }),
);

test.each([
  [999e6, 'ok'],
  [1000e6, 'warning'],
  [1599e6, 'warning'],
  [1600e6, 'critical'],
])('of PostgreSQL: rows that were not frozen for %d transactions are %s', (frozenAge, verdict) => {
  const facts = { server: { look: someLook({ frozenAge }) }, user: 'app', freezeHint: 'freeze' };
  const found = judged(databaseCheck, facts);
  expect(found).toMatchObject({ verdict, measures: { frozen_age: frozenAge } });
  expect(found.hint).toBe(verdict === 'ok' ? undefined : 'freeze');
});

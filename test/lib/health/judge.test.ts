// What the checks of our own work make of facts: bad for its reason, and well again on the other side of each limit.
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../../lib/base/verdict.ts';
import { alertDeliveryCheck, type DeliveryFacts } from '../../../lib/health/alert-delivery.ts';
import { backupAgeCheck, type BackupAgeFacts } from '../../../lib/health/backup-age.ts';
import { backupDrillCheck, type DrillFacts } from '../../../lib/health/backup-drill.ts';
import { backupSeriesCheck, type SeriesFacts } from '../../../lib/health/backup-series.ts';
import type { Check, Sample } from '../../../lib/health/check.ts';
import { clockCheck, type ClockFacts } from '../../../lib/health/clock.ts';
import { diskSpaceCheck, type SpaceFacts } from '../../../lib/health/disk-space.ts';
import { documentsCheck, type DocumentsFacts } from '../../../lib/health/documents.ts';
import { historyCheck, type HistoryFacts } from '../../../lib/health/history.ts';
import { storeCheck, type StoreFacts } from '../../../lib/health/store.ts';

const now = new Date('2026-11-28T02:05:00Z');
const hour = 3_600_000;
const day = 24 * hour;
const ago = (ms: number) => new Date(now.getTime() - ms);

function judge<Facts>(
  check: Check<Facts>,
  facts: Facts,
  { earlier = [] as readonly Sample[], limits = check.limits } = {},
) {
  return check.judge(facts, { subject: 'ctv', limits, now, earlier, timeZone: 'UTC' });
}

describe('backup-age', () => {
  const facts = (given: Partial<BackupAgeFacts>): BackupAgeFacts => ({
    ...{ newest: { name: 'b.db', at: ago(hour) }, from: 'the store', expectedBy: 'the timer' },
    ...{ expectedMs: 36 * hour, criticalMs: 7 * day, ...given },
  });
  const aged = (ms: number) => facts({ newest: { name: 'b.db', at: ago(ms) } });
  test.each<[string, BackupAgeFacts, Verdict]>([
    ['of tonight', aged(hour), 'ok'],
    ['as old as it may be', aged(36 * hour), 'ok'],
    ['a second older', aged(36 * hour + 1000), 'warning'],
    ['a week and more', aged(7 * day + 1000), 'critical'],
    ['of tomorrow, by another clock', aged(-hour), 'ok'],
    ['none', facts({ newest: undefined }), 'critical'],
    [
      'a weekly timer',
      facts({ newest: { name: 'b.db', at: ago(8 * day) }, expectedMs: 10.5 * day, criticalMs: 31 * day }),
      'ok',
    ],
  ])('%s', (_, given, verdict) => expect(judge(backupAgeCheck, given).verdict).toBe(verdict));

  test('the limits of the configuration go before those of the timer', () => {
    const limits = { warning: 2 * 3600, critical: 3 * 3600 };
    expect(
      [1, 2.5, 3.5].map((hours) => judge(backupAgeCheck, aged(hours * hour), { limits }).verdict),
    ).toEqual(['ok', 'warning', 'critical']);
  });
});

describe('backup-series', () => {
  const facts = (given: Partial<SeriesFacts> = {}): SeriesFacts => ({
    full: { name: 'a.pages', takenAt: ago(40 * day), storedBytes: 250_000_000 },
    increments: { count: 40, storedBytes: 60_000_000 },
    ...{ due: undefined, dueMs: 8 * day, underWay: undefined, turn: undefined },
    ...given,
  });
  const due = (ms: number) => facts({ due: { since: ago(ms), why: 'increments cost too much' } });
  const onItsWay = (ms: number) => ({ name: 'b.pages', since: ago(ms), sentBytes: 1e8, sizeBytes: 2.5e8 });
  const turn = (...hosts: [string, string]) => ({ hosts, backups: ['x', 'y'] as const });
  test.each<[string, SeriesFacts, Verdict, RegExp]>([
    [
      'a full that is old and not due',
      facts(),
      'ok',
      /is 40 d old: a\.pages, 250 MB, and 60(\.0)? MB in increments$/,
    ],
    ['due until the next window', due(8 * day), 'ok', /a new one is due for 8 d: increments cost too much/],
    ['due still after it', due(8 * day + 1000), 'warning', /due for 8 d/],
    ['due, and under way', facts({ ...due(30 * day), underWay: onItsWay(day) }), 'ok', /100 MB of 250 MB/],
    ['under way for two windows', facts({ underWay: onItsWay(15 * day) }), 'ok', /under way for 15 d/],
    ['under way for longer', facts({ underWay: onItsWay(15 * day + 1000) }), 'warning', /b\.pages/],
    ['none at all', facts({ full: undefined }), 'warning', /no full in the store/],
    ['the first one, under way', facts({ full: undefined, underWay: onItsWay(day) }), 'ok', /under way/],
    [
      'two machines',
      facts({ turn: turn('laptop', 'pi5') }),
      'warning',
      /^laptop and pi5 make backups .*x is of laptop, y of pi5$/,
    ],
    ['two of one name', facts({ turn: turn('pi5', 'pi5') }), 'warning', /^two machines of the name pi5 /],
  ])('%s', (_, given, verdict, message) => {
    const judged = judge(backupSeriesCheck, given);
    expect([judged.verdict, judged.message]).toEqual([verdict, expect.stringMatching(message)]);
    if (verdict !== 'ok') expect(judged.hint).not.toBe('');
  });

  test('waits for the first full as long as for a night, and for all else not at all', () => {
    expect(judge(backupSeriesCheck, facts({ full: undefined })).patience).toBe(432);
    expect(judge(backupSeriesCheck, due(9 * day)).patience).toBeUndefined();
  });

  test('takes the limits of the configuration', () => {
    const limits = { warning: 3600, critical: 7200 };
    const verdicts = [0.5, 1.5, 2.5].map(
      (hours) => judge(backupSeriesCheck, due(hours * hour), { limits }).verdict,
    );
    expect(verdicts).toEqual(['ok', 'warning', 'critical']);
  });
});

describe('backup-drill', () => {
  const drill = (outcome: 'passed' | 'failed', ms: number): DrillFacts => ({
    ...{ last: { name: 'b.db', at: ago(ms), outcome, detail: 'rows are missing' }, backupsSince: undefined },
    ...{ expectedMs: 40 * day, isSealed: false },
  });
  test('of sealed backups is asked of who has the identity', () => {
    const facts = { last: undefined, backupsSince: ago(41 * day), expectedMs: 40 * day, isSealed: true };
    expect(judge(backupDrillCheck, facts)).toMatchObject({
      ...{
        verdict: 'warning',
        hint: expect.stringContaining('restore drill --identity <file> --app ctv') as string,
      },
      message: 'no restore drill of a sealed backup yet, and there should be one every 40 d',
    });
  });
  test.each<[string, DrillFacts, Verdict]>([
    ['passed of late', drill('passed', day), 'ok'],
    ['passed long ago', drill('passed', 41 * day), 'warning'],
    ['failed', drill('failed', day), 'critical'],
    [
      'none, and nothing to try for long',
      { last: undefined, backupsSince: ago(day), expectedMs: 40 * day, isSealed: false },
      'ok',
    ],
    [
      'none, though there was something to try',
      { last: undefined, backupsSince: ago(41 * day), expectedMs: 40 * day, isSealed: false },
      'warning',
    ],
    [
      'none, and no backup',
      { last: undefined, backupsSince: undefined, expectedMs: 40 * day, isSealed: false },
      'ok',
    ],
  ])('%s', (_, given, verdict) => expect(judge(backupDrillCheck, given).verdict).toBe(verdict));
});

describe('clock', () => {
  const facts = (given: Partial<ClockFacts>): ClockFacts => ({
    state: 'synchronised',
    upMs: day,
    behindMs: 0,
    ...given,
  });
  test.each<[string, ClockFacts, Verdict]>([
    ['set', facts({}), 'ok'],
    ['not set yet, the machine has just started', facts({ state: 'unsynchronised', upMs: 60_000 }), 'ok'],
    ['not set for ten minutes', facts({ state: 'unsynchronised', upMs: 600_000 }), 'warning'],
    ['nobody can say', facts({ state: 'unknown' }), 'ok'],
    ['vouched for', facts({ state: 'trusted' }), 'ok'],
    ['behind our own past', facts({ behindMs: 120_000 }), 'warning'],
    ['behind by a breath', facts({ behindMs: 119_000 }), 'ok'],
    ['a day behind', facts({ behindMs: day }), 'critical'],
  ])('%s', (_, given, verdict) => expect(judge(clockCheck, given).verdict).toBe(verdict));
});

describe('disk-space', () => {
  const used = (percent: number): SpaceFacts => ({
    totalBytes: 1e9,
    freeBytes: 1e9 * (1 - percent / 100),
    holds: ['the state'],
    paths: ['/var/lib/holdfast'],
  });
  test.each<[number, Verdict]>([
    [84, 'ok'],
    [85, 'warning'],
    [95, 'critical'],
    [100, 'critical'],
  ])('%d %% used: %s', (percent, verdict) =>
    expect(judge(diskSpaceCheck, used(percent)).verdict).toBe(verdict),
  );

  /** Hourly values over so many days up to now. */
  const samples = (days: number, valueAt: (day: number) => number): Sample[] =>
    Array.from({ length: days * 24 }, (_, index) => ({
      at: ago((days * 24 - index) * hour),
      value: valueAt(index / 24),
    }));
  test.each<[string, Sample[], Verdict]>([
    ['nothing is known of the days before', [], 'ok'],
    ['full in two days at this rate', samples(4, (at) => 40 + 10 * at), 'warning'],
    ['full in a month at this rate', samples(10, (at) => 70 + at), 'ok'],
    ['it becomes less', samples(4, (at) => 90 - at), 'ok'],
    ['every night scratch comes and goes', samples(7, (at) => (at % 1 < 0.1 ? 84 : 80)), 'ok'],
    ['one day is too little to say', samples(1, (at) => 20 + 60 * at), 'ok'],
  ])('80 %% used: %s', (_, earlier, verdict) =>
    expect(judge(diskSpaceCheck, used(80), { earlier }).verdict).toBe(verdict),
  );
});

describe('store', () => {
  const room: StoreFacts = {
    description: 'Dropbox',
    freeBytes: 50e9,
    totalBytes: 100e9,
    neededBytes: 3e9,
    skewMs: 0,
  };
  const problem = (kind: 'unavailable' | 'denied' | 'missing', isRemote = true): StoreFacts => ({
    problem: { kind, message: 'no', hint: undefined },
    isRemote,
  });
  test.each<[string, StoreFacts, Verdict]>([
    ['with room', room, 'ok'],
    [
      'that says nothing of its room',
      { ...room, freeBytes: undefined, totalBytes: undefined, skewMs: undefined },
      'ok',
    ],
    ['almost full', { ...room, freeBytes: 10e9 }, 'warning'],
    ['too full for the next night', { ...room, freeBytes: 2.9e9 }, 'critical'],
    ['with another time', { ...room, skewMs: -301_000 }, 'warning'],
    ['with almost our time', { ...room, skewMs: 299_000 }, 'ok'],
    ['out of reach', problem('unavailable'), 'warning'],
    ['that refuses us', problem('denied'), 'critical'],
    ['that is gone', problem('missing'), 'critical'],
  ])('%s', (_, given, verdict) => expect(judge(storeCheck, given).verdict).toBe(verdict));

  test('a network that is away for an hour wakes nobody, a refusal does', () => {
    expect([
      judge(storeCheck, problem('unavailable')).patience,
      judge(storeCheck, problem('denied')).patience,
      judge(storeCheck, problem('unavailable', false)).patience,
    ]).toEqual([36, undefined, undefined]);
  });
});

describe('documents', () => {
  const facts = (given: Partial<DocumentsFacts>): DocumentsFacts => ({
    lastGoodAt: ago(hour),
    lastOutcome: 'done',
    sameSince: undefined,
    queue: undefined,
    ...given,
  });
  const queue = (ms: number) => ({ count: 3, since: ago(ms), ageMaxMs: day });
  test.each<[string, DocumentsFacts, Verdict]>([
    ['made tonight', facts({}), 'ok'],
    ['never made', facts({ lastGoodAt: undefined, lastOutcome: undefined }), 'warning'],
    ['never made well', facts({ lastGoodAt: undefined, lastOutcome: 'failed' }), 'critical'],
    ['made two nights ago', facts({ lastGoodAt: ago(37 * hour) }), 'warning'],
    ['with a difference', facts({ lastOutcome: 'bad-news' }), 'warning'],
    ['that wait, and may', facts({ queue: queue(hour) }), 'ok'],
    ['that wait too long', facts({ queue: queue(25 * hour) }), 'warning'],
  ])('%s', (_, given, verdict) => expect(judge(documentsCheck, given).verdict).toBe(verdict));
});

describe('alert-delivery', () => {
  const facts = (given: Partial<DeliveryFacts>): DeliveryFacts => ({
    waiting: 0,
    oldestAt: undefined,
    dead: 0,
    failing: [],
    ...given,
  });
  const failing = (ms: number) => [{ channel: 'ntfy', since: ago(ms), problem: 'no answer' }];
  test.each<[string, DeliveryFacts, Verdict]>([
    ['nothing waits', facts({}), 'ok'],
    ['a record of a minute ago', facts({ waiting: 1, oldestAt: ago(60_000) }), 'ok'],
    ['a record of this morning', facts({ waiting: 1, oldestAt: ago(3 * hour) }), 'warning'],
    ['a record of yesterday', facts({ waiting: 9, oldestAt: ago(day) }), 'critical'],
    ['a channel that is away for an hour', facts({ failing: failing(hour) }), 'ok'],
    ['a channel that is away for long', facts({ failing: failing(4 * hour) }), 'warning'],
    ['a message that was refused', facts({ dead: 1 }), 'warning'],
  ])('%s', (_, given, verdict) => expect(judge(alertDeliveryCheck, given).verdict).toBe(verdict));
});

describe('history', () => {
  const facts = (given: Partial<HistoryFacts>): HistoryFacts => ({
    path: '/var/ops.db',
    sizeBytes: 5e6,
    damaged: [],
    ...given,
  });
  test.each<[string, HistoryFacts, Verdict]>([
    ['small and whole', facts({}), 'ok'],
    ['none yet', facts({ sizeBytes: undefined }), 'ok'],
    ['large', facts({ sizeBytes: 1e9 }), 'warning'],
    ['set aside', facts({ damaged: ['/var/ops.db.damaged-1'] }), 'warning'],
  ])('%s', (_, given, verdict) => expect(judge(historyCheck, given).verdict).toBe(verdict));
});

test('every sentence that is told has a command that helps', () => {
  const bad = [
    judge(backupAgeCheck, {
      newest: undefined,
      from: 'the store',
      expectedMs: 1,
      criticalMs: 1,
      expectedBy: '',
    }),
    judge(clockCheck, { state: 'unsynchronised', upMs: day, behindMs: 0 }),
    judge(alertDeliveryCheck, { waiting: 0, oldestAt: undefined, dead: 1, failing: [] }),
  ];
  expect(bad.filter(({ hint }) => hint === undefined)).toEqual([]);
});

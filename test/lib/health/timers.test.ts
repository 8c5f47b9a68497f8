// What is made of a timer at the edges of its times; its states, as systemd tells them, are in test/lib/probe/timers.
import { expect, test } from 'vitest';
import { type TimerFacts, timersCheck } from '../../../lib/health/timers.ts';
import type { UnitFacts } from '../../../lib/health/unit-facts.ts';
import { judged } from '../../support/judged.ts';

const now = new Date('2026-11-28T12:00:00Z');
const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000);

const unit: UnitFacts = {
  ...{ name: 'a.service', load: 'loaded', loadError: '', active: 'inactive', sub: 'dead', file: 'static' },
  ...{ result: 'success', type: 'oneshot', remains: false, startedBy: ['a.timer'], since: ago(5000) },
  ...{ startLimitMs: 60 * 60_000, stopLimitMs: 90_000, skippedAt: undefined, ranAt: ago(1500) },
};
const timer = { ...unit, name: 'a.timer', active: 'active', sub: 'waiting', file: 'enabled', startedBy: [] };
const well: TimerFacts = {
  ...{ timer, service: unit, repeats: true, isClockTrusted: true, allowanceMs: 6 * 60_000 },
  ...{ lastAt: ago(1500), nextAt: ago(-60), dueAt: ago(-60) },
};

test.each<[string, Partial<TimerFacts>, string, number]>([
  ['not due yet', {}, 'ok', 0],
  ['due, and within what it may take', { dueAt: ago(6) }, 'ok', 0],
  ['a little late', { dueAt: ago(15.9) }, 'ok', 0],
  ['late by the first limit', { dueAt: ago(16) }, 'warning', 600],
  ['late by nearly the second', { dueAt: ago(365.9) }, 'warning', 21_594],
  ['late by the second', { dueAt: ago(366) }, 'critical', 21_600],
  // A timer that came up a moment ago makes up for what it missed while the machine was off.
  ['missed while the machine was off', { dueAt: ago(10_000), timer: { ...timer, since: ago(15) } }, 'ok', 0],
  [
    'missed, and not made up for',
    { dueAt: ago(10_000), timer: { ...timer, since: ago(16) } },
    'warning',
    600,
  ],
  ['on a clock that is not trusted', { dueAt: ago(10_000), isClockTrusted: false }, 'ok', 0],
  ['that cannot be said', { dueAt: undefined }, 'ok', 0],
])('%s', (_, facts, verdict, value) => {
  expect(judged(timersCheck, { ...well, ...facts }, { now })).toMatchObject({ verdict, value });
});

test('what is late is told in the zone of the machine, with what it is for', () => {
  expect(judged(timersCheck, { ...well, dueAt: ago(60) }, { now, timeZone: 'Europe/Berlin' })).toMatchObject({
    message:
      'is overdue by 54 min: it was due at 2026-11-28 12:00:00 +01:00, and it ran last at 2026-11-27 12:00:00 +01:00',
    hint: 'start it now: systemctl start a.service; see the timer: systemctl status a.timer',
  });
});

test.each<[string, Partial<UnitFacts>, string, string]>([
  ['at work for as long as it may be', { active: 'activating', since: ago(61) }, 'ok', 'ran last at'],
  ['at work for longer', { active: 'activating', since: ago(61.1) }, 'critical', 'and it may take 1 h'],
  [
    'at work for long, without a limit',
    { active: 'activating', since: ago(1441), startLimitMs: undefined },
    'ok',
    '',
  ],
  [
    'at work for more than a day, without a limit',
    { active: 'activating', since: ago(1442), startLimitMs: undefined },
    'warning',
    'it has no limit of its own',
  ],
  ['told to stop', { active: 'deactivating', since: ago(2) }, 'ok', ''],
  [
    'told to stop, and does not',
    { active: 'deactivating', since: ago(2.6) },
    'critical',
    'it has been stopping for',
  ],
  ['of a broken file', { load: 'bad-setting', loadError: 'bad' }, 'critical', 'which cannot be loaded: bad'],
  ['skipped', { skippedAt: ago(5) }, 'warning', 'it ran last at 2026-11-27 11:00:00Z'],
])('a unit that is %s', (_, service, verdict, words) => {
  const judgement = judged(timersCheck, { ...well, service: { ...unit, ...service } }, { now });
  expect([judgement.verdict, judgement.message]).toEqual([verdict, expect.stringContaining(words)]);
});

test.each<[string, Partial<TimerFacts>, string, string]>([
  ['that has no time left', {}, 'critical', 'it will start nothing any more'],
  ['that was for one time, which is over', { repeats: false }, 'ok', 'ran last at'],
  [
    'that was for one time, and never came to it',
    { repeats: false, lastAt: undefined },
    'critical',
    'it will start nothing any more',
  ],
  [
    'that counts from a run that was skipped',
    { service: { ...unit, skippedAt: ago(5) } },
    'critical',
    'it counts from a run of a.service, which was skipped',
  ],
])('a timer %s', (_, facts, verdict, words) => {
  const over = {
    ...well,
    ...facts,
    timer: { ...timer, sub: 'elapsed' },
    nextAt: undefined,
    dueAt: undefined,
  };
  const judgement = judged(timersCheck, over, { now });
  expect([judgement.verdict, judgement.message]).toEqual([verdict, expect.stringContaining(words)]);
});

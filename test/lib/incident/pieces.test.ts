// The small parts: names, quiet hours, channels, pings, the next command.
import { describe, expect, test } from 'vitest';
import { channelFailed, channelObservation, channelWorked, isReady } from '../../../lib/incident/channel.ts';
import { checkName, covers, fingerprint, isCheckName } from '../../../lib/incident/check.ts';
import { observe } from '../../../lib/incident/observe.ts';
import { pingKind, withPing } from '../../../lib/incident/ping.ts';
import { isQuiet, parseQuietHours } from '../../../lib/incident/quiet-hours.ts';
import { channelOf, emptyState, type Ping } from '../../../lib/incident/state.ts';
import { day, hour, minute, policy } from '../../support/alert-events.ts';

describe('names', () => {
  test.each([
    ['db-backup', 'run', undefined, 'db-backup'],
    ['db-backup', 'run', 'ctv', 'db-backup@ctv'],
    ['restore', 'drill', undefined, 'restore-drill'],
  ])('%s %s of %s is %s', (job, command, app, name) => expect(checkName({ job, command, app })).toBe(name));

  test.each([
    ['db-backup', 'db-backup@ctv', true],
    ['db-backup@ctv', 'db-backup', false],
    ['db-backup', 'db-backup-verify', false],
  ])('good news of %s is good news of %s: %s', (check, other, is) => expect(covers(check, other)).toBe(is));

  test.each([
    ['db-backup@ctv', true],
    ['../x', false],
    ['a/b', false],
    ['', false],
    ['a@b@c', false],
    ['x'.repeat(101), false],
  ])('%s names a check: %s', (text, is) => expect(isCheckName(text)).toBe(is));

  test('a fingerprint stands for host and check together, and never changes', () => {
    expect(fingerprint('pi', 'db-backup')).toBe('7887b74380cab191');
    expect(
      new Set(['a', 'b'].flatMap((host) => ['c', 'd'].map((check) => fingerprint(host, check)))).size,
    ).toBe(4);
  });
});

describe('quiet hours', () => {
  test.each([
    ['22:00-07:00', { fromMinute: 1320, toMinute: 420 }],
    ['01:30 - 02:00', { fromMinute: 90, toMinute: 120 }],
    ['22:00-22:00', undefined],
    ['24:00-07:00', undefined],
    ['22-7', undefined],
  ])('%s', (text, parsed) => expect(parseQuietHours(text)).toEqual(parsed));

  test.each([
    ['21:59', false],
    ['22:00', true],
    ['00:00', true],
    ['06:59', true],
    ['07:00', false],
  ])('over midnight: %s', (time, is) => {
    const quiet = { fromMinute: 1320, toMinute: 420, timeZone: 'UTC' };
    expect(isQuiet(quiet, Date.parse(`2026-11-20T${time}:00Z`))).toBe(is);
  });

  test('go by the clock of their zone, on the night of the change too', () => {
    const quiet = { fromMinute: 1320, toMinute: 420, timeZone: 'Europe/Berlin' };
    expect(isQuiet(quiet, Date.parse('2026-10-24T05:00:00Z'))).toBe(false);
    expect(isQuiet(quiet, Date.parse('2026-10-25T05:30:00Z'))).toBe(true);
    expect(isQuiet(quiet, Date.parse('2026-10-25T06:00:00Z'))).toBe(false);
  });
});

describe('a channel', () => {
  const failure = { message: 'no answer', permanent: false, retryAfterMs: undefined };
  const next = 'alert-send test';
  const failed = (times: number, random = 1) =>
    Array.from({ length: times }).reduce<ReturnType<typeof emptyState>>(
      (state) => channelFailed(state, 'ntfy', failure, { now: 0, random }),
      emptyState(0),
    );

  test.each([
    [1, 1],
    [2, 2],
    [4, 8],
    [5, 15],
    [500, 15],
  ])('after %i failures waits %i minutes', (times, minutes) => {
    expect(channelOf(failed(times), 'ntfy').retryAt).toBe(minutes * minute);
    expect(channelOf(failed(times, 0), 'ntfy').retryAt).toBe(minutes * minute * 0.75);
  });

  test('is not asked before the time it named, nor kept waiting for a week', () => {
    const asked = (retryAfterMs: number) =>
      channelOf(
        channelFailed(emptyState(0), 'ntfy', { ...failure, retryAfterMs }, { now: 0, random: 0 }),
        'ntfy',
      ).retryAt;
    expect(asked(hour)).toBe(hour);
    expect(asked(7 * day)).toBe(6 * hour);
  });

  test('whose setting was refused is tried with another one at once, with the same after half an hour', () => {
    const refused = { ...failure, permanent: true, refusedSetting: 'aa' };
    const state = channelFailed(emptyState(0), 'ntfy', refused, { now: 0, random: 0 });
    const ready = (now: number, mark: string) => isReady(state, 'ntfy', now, () => mark);
    expect([ready(0, 'aa'), ready(0, 'bb'), ready(29 * minute, 'aa'), ready(30 * minute, 'aa')]).toEqual([
      false,
      true,
      false,
      true,
    ]);
    expect(isReady(channelWorked(state, 'ntfy', 1), 'ntfy', 1, () => 'aa')).toBe(true);
  });

  test('that works is as new', () => {
    const state = channelWorked(failed(3), 'ntfy', 5);
    expect(isReady(state, 'ntfy', 5, () => '')).toBe(true);
    expect(channelOf(state, 'ntfy')).toMatchObject({ attempts: 0, lastGoodAt: 5, problem: undefined });
  });

  test('is an incident after a day, or at once when it refuses for good; and is over when it works', () => {
    const later = failed(1);
    expect(channelObservation(later, 'ntfy', { now: hour, permanent: false, next })).toBeUndefined();
    expect(channelObservation(later, 'ntfy', { now: day, permanent: false, next })).toMatchObject({
      check: 'alerts-ntfy',
      result: 'failed',
    });
    const now = channelObservation(later, 'ntfy', { now: hour, permanent: true, next });
    expect(now).toMatchObject({ result: 'failed' });
    if (now === undefined) return;
    const open = observe(later, now, policy, hour);
    expect(channelObservation(open, 'ntfy', { now: hour, permanent: true, next })).toBeUndefined();
    expect(
      channelObservation(channelWorked(open, 'ntfy', hour), 'ntfy', { now: hour, permanent: false, next }),
    ).toMatchObject({ result: 'done' });
  });
});

describe("the dead-man's switch", () => {
  const ping = (kind: Ping['kind'], runId: string): Ping => ({
    check: 'db-backup',
    kind,
    runId,
    exitCode: undefined,
    message: '',
  });

  test('hears of the newest run of a check, and no start after its end', () => {
    const after = (...pings: Ping[]) =>
      pings.reduce(withPing, emptyState(0)).pings.map(({ kind, runId }) => `${kind} ${runId}`);
    expect(after(ping('start', 'a'), ping('success', 'a'))).toEqual(['success a']);
    expect(after(ping('success', 'a'), ping('start', 'a'))).toEqual(['success a']);
    expect(after(ping('failure', 'a'), ping('success', 'b'))).toEqual(['success b']);
    expect(after(ping('success', 'a'), ping('start', 'b'))).toEqual(['start b']);
  });

  test.each([
    ['done', 'success'],
    ['failed', 'failure'],
    ['bad-news', 'failure'],
    ['killed', 'failure'],
    ['busy', undefined],
    ['interrupted', undefined],
  ] as const)('%s is %s', (result, kind) => expect(pingKind(result)).toBe(kind));
});

// What is said when it could not be said at once: after an outage, in quiet hours, and with a clock that jumps.
import { describe, expect, test } from 'vitest';
import { heldNews } from '../../../lib/incident/due.ts';
import { AlertMachine, day, hour, minute } from '../../support/alert-events.ts';

describe('a channel that does not answer', () => {
  test('hears of a failure and its end in one message, once', () => {
    const machine = new AlertMachine();
    machine.cut.add('ntfy');
    machine.run('failed');
    machine.pass(hour);
    machine.run('done');
    machine.cut.clear();
    expect(machine.speak()).toEqual(['passed']);
    expect(machine.pass(10 * day)).toEqual([]);
    expect(machine.state.checks[0]?.incident).toBeUndefined();
  });

  test('hears one message of a failure that lasts, however many reminders came due', () => {
    const machine = new AlertMachine();
    machine.cut.add('ntfy');
    machine.run('failed');
    machine.pass(5 * day);
    machine.cut.clear();
    expect(machine.speak()).toEqual(['failing']);
  });

  test('that heard of the failure hears of the end only', () => {
    const machine = new AlertMachine();
    machine.run('failed');
    machine.cut.add('ntfy');
    machine.pass(3 * day);
    machine.run('done');
    machine.cut.clear();
    expect(machine.speak()).toEqual(['recovered']);
  });

  test('that heard of the failure hears nothing of an end that did not last', () => {
    const machine = new AlertMachine();
    machine.run('failed', { severity: 'critical' });
    machine.cut.add('ntfy');
    machine.run('done');
    machine.run('failed', { severity: 'critical' });
    machine.cut.clear();
    expect(machine.speak()).toEqual([]);
    expect(machine.run('done')).toEqual(['recovered']);
  });

  test('does not hold up the other one, and is told for itself', () => {
    const machine = new AlertMachine({}, ['ntfy', 'slack']);
    machine.cut.add('ntfy');
    expect(machine.run('failed')).toEqual(['slack: failing']);
    expect(machine.run('done')).toEqual(['slack: recovered']);
    machine.cut.clear();
    expect(machine.speak()).toEqual(['ntfy: passed']);
  });

  test('is not told of its own trouble, the other one is', () => {
    const machine = new AlertMachine({}, ['ntfy', 'slack']);
    expect(machine.run('failed', { check: 'alerts-ntfy' })).toEqual(['slack: failing alerts-ntfy']);
    expect(machine.run('done', { check: 'alerts-ntfy' })).toEqual(['slack: recovered alerts-ntfy']);
    expect(machine.state.checks.every(({ incident }) => incident === undefined)).toBe(true);
  });
});

describe('quiet hours', () => {
  const quiet = { fromMinute: 22 * 60, toMinute: 7 * 60, timeZone: 'UTC' };

  test('hold warnings until the morning, and tell them together', () => {
    const machine = new AlertMachine({ quiet });
    expect(machine.run('failed')).toEqual([]);
    expect(machine.run('failed', { check: 'restore-drill' })).toEqual([]);
    expect(heldNews(machine.state, ['ntfy'], machine.policy, machine.now)).toHaveLength(2);
    expect(machine.pass(4 * hour + 45 * minute)).toEqual([]);
    expect(machine.pass(15 * minute)).toEqual(['failing, failing restore-drill']);
  });

  test('never hold critical news, nor its end', () => {
    const machine = new AlertMachine({ quiet });
    expect(machine.run('bad-news', { severity: 'critical' })).toEqual(['failing']);
    expect(machine.run('done')).toEqual(['recovered']);
  });

  test('a warning that is over by the morning is told as over', () => {
    const machine = new AlertMachine({ quiet });
    machine.run('failed');
    machine.pass(hour);
    expect(machine.run('done')).toEqual([]);
    expect(machine.pass(5 * hour)).toEqual(['passed']);
  });

  test('hold the end of a warning that was told the evening before', () => {
    const machine = new AlertMachine({ quiet });
    machine.now = Date.parse('2026-11-20T21:00:00Z');
    expect(machine.run('failed')).toEqual(['failing']);
    machine.pass(3 * hour);
    expect(machine.run('done')).toEqual([]);
    expect(machine.pass(8 * hour)).toEqual(['recovered']);
  });

  test('do not hold what becomes critical in them', () => {
    const machine = new AlertMachine({ quiet, escalateAfter: 3 * hour });
    expect(machine.run('failed')).toEqual([]);
    expect(machine.pass(3 * hour)).toEqual(['failing']);
  });
});

describe('a clock that jumps', () => {
  test('a day ahead and back costs one reminder at most, and no later one is lost', () => {
    const machine = new AlertMachine();
    machine.run('failed', { severity: 'critical' });
    expect(machine.jump(day)).toEqual(['reminder']);
    expect(machine.jump(-day)).toEqual([]);
    expect(machine.pass(24 * hour)).toEqual(['reminder']);
  });

  test('that is not trusted makes nothing come due, but what happens is told', () => {
    const machine = new AlertMachine({ canaryEvery: 7 * day });
    machine.clockTrusted = false;
    expect(machine.run('failed')).toEqual(['failing']);
    expect(machine.jump(100 * day)).toEqual([]);
    expect(machine.run('done')).toEqual(['recovered']);
  });

  test('does not make an acknowledgement last longer', () => {
    const machine = new AlertMachine();
    machine.jump(day);
    machine.run('failed', { severity: 'critical' });
    machine.acknowledge(8 * hour);
    machine.jump(-day);
    expect(machine.pass(8 * hour)).toContain('reminder');
  });

  test('back by a day between failure and recovery changes nothing of what is said', () => {
    const machine = new AlertMachine();
    expect(machine.run('failed')).toEqual(['failing']);
    machine.jump(-day);
    expect(machine.run('done')).toEqual(['recovered']);
    expect(machine.run('failed')).toEqual(['failing']);
  });
});

describe('the canary', () => {
  test('is sent every week through each channel, in the morning if it must be', () => {
    const machine = new AlertMachine(
      { canaryEvery: 7 * day, quiet: { fromMinute: 0, toMinute: 6 * 60, timeZone: 'UTC' } },
      ['ntfy', 'slack'],
    );
    expect(machine.pass(7 * day)).toEqual([]);
    expect(machine.pass(4 * hour)).toEqual(['ntfy: canary', 'slack: canary']);
    expect(machine.pass(6 * day)).toEqual([]);
    expect(machine.pass(day)).toEqual(['ntfy: canary', 'slack: canary']);
  });

  test('is not lost when the clock was ahead', () => {
    const machine = new AlertMachine({ canaryEvery: 7 * day });
    machine.jump(100 * day);
    machine.jump(-100 * day);
    expect(machine.pass(7 * day)).toEqual(['canary']);
  });
});

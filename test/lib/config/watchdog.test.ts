// Whether the service manager watches this very process, and how closely.
import { expect, test } from 'vitest';
import { watchdogPeriodMs } from '../../../lib/config/watchdog.ts';

test.each([
  ['nothing is set', {}, undefined],
  ['it is set to nothing', { WATCHDOG_USEC: '' }, undefined],
  ['no process is named', { WATCHDOG_USEC: '30000000' }, 30_000],
  ['this process is named', { WATCHDOG_USEC: '30000000', WATCHDOG_PID: '42' }, 30_000],
  ['another process is named', { WATCHDOG_USEC: '30000000', WATCHDOG_PID: '43' }, undefined],
])('where %s', (_, environment, expected) => {
  expect(watchdogPeriodMs(42, environment)).toBe(expected);
});

test.each(['0', '-1', '30s', '1e6'])('%s is no time', (period) => {
  expect(() => watchdogPeriodMs(42, { WATCHDOG_USEC: period })).toThrowError(
    `cannot use WATCHDOG_USEC=${period}: it must be a number of microseconds`,
  );
});

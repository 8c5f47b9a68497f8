import { describe, expect, test } from 'vitest';
import { exitCodeTable, verdictExitCode } from '../../../lib/base/exit-code.ts';
import { firstOf, severityOfError, verdictOf } from '../../../lib/base/finding.ts';
import type { Severity, Verdict } from '../../../lib/base/verdict.ts';

const found = (...severities: (Severity | 'unknown')[]) =>
  severities.map((severity) => ({ subject: 'ctv', severity, message: 'm' }));

describe('a verdict', () => {
  test.each<[(Severity | 'unknown')[], Verdict]>([
    [[], 'ok'],
    [['warning'], 'warning'],
    [['warning', 'unknown'], 'unknown'],
    [['unknown', 'critical', 'warning'], 'critical'],
  ])('of %o is %s', (severities, verdict) => expect(verdictOf(found(...severities))).toBe(verdict));

  test('exits 0 or 1 in general, and as monitoring programs expect for checks', () => {
    const verdicts = ['ok', 'warning', 'critical', 'unknown'] as const;
    expect(verdicts.map((verdict) => verdictExitCode(verdict, 'plain'))).toEqual([0, 1, 1, 1]);
    expect(verdicts.map((verdict) => verdictExitCode(verdict, 'monitoring'))).toEqual([0, 1, 2, 3]);
  });

  test('has each of its numbers explained once, below those of errors', () => {
    for (const convention of ['plain', 'monitoring'] as const) {
      const codes = exitCodeTable(convention).map(({ code }) => code);
      expect(new Set(codes).size).toBe(codes.length);
      expect(codes.filter((code) => code < 64)).toEqual(convention === 'plain' ? [0, 1] : [0, 1, 2, 3]);
    }
  });
});

test('what is damaged or gone is critical, what may pass is a warning', () => {
  expect(severityOfError('damaged')).toBe('critical');
  expect(severityOfError('missing')).toBe('critical');
  expect(severityOfError('unavailable')).toBe('warning');
});

test('of many sentences the first is told, and how many more there are', () => {
  expect(firstOf(['a'], 'z')).toBe('a');
  expect(firstOf(['a', 'b', 'c'], 'z')).toBe('a (and 2 more)');
  expect(firstOf([], 'z')).toBe('z');
});

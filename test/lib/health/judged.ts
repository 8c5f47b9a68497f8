// Facts judged as a run of the checks does it, at a time that stands.
import type { Check, Judgement, Limits, Sample } from '../../../lib/health/check.ts';

export const now = new Date('2026-11-28T03:00:00Z');

export function hoursAgo(hours: number): Date {
  return new Date(now.getTime() - hours * 3_600_000);
}

/** With the check's own limits, unless others are given. */
export function judged<Facts>(
  check: Check<Facts>,
  facts: Facts,
  {
    limits = {},
    earlier = [],
    subject = 'ctv',
  }: { limits?: Limits; earlier?: readonly Sample[]; subject?: string } = {},
): Judgement {
  return check.judge(facts, {
    subject,
    limits: { ...check.limits, ...limits },
    now,
    earlier,
    timeZone: 'UTC',
  });
}

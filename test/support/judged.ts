// What a check makes of facts, with the limits that it has by itself.
import type { Check, Judgement, Judging } from '../../lib/health/check.ts';

const judgedAt = new Date('2026-11-28T01:20:00Z');

export function judged<Facts>(check: Check<Facts>, facts: Facts, view: Partial<Judging> = {}): Judgement {
  const usual = { subject: 'machine', limits: check.limits, now: judgedAt, earlier: [], timeZone: 'UTC' };
  return check.judge(facts, { ...usual, ...view });
}

// `[alerts]`, what is told and how often: thresholds, reminders, quiet hours.
import { z } from 'zod';
import type { AlertPolicy } from '../../incident/policy.ts';
import { parseQuietHours } from '../../incident/quiet-hours.ts';
import { checkName } from './values.ts';

const hourMs = 60 * 60_000;
const dayMs = 24 * hourMs;

const times = z.int('must be a whole number').min(1, 'must be at least 1').max(1000, 'must be at most 1000');

const hours = z.number().min(0.1, 'must be at least 0.1').max(8760, 'must be at most a year');

const quiet = z.string().transform((text, context) => {
  const parsed = parseQuietHours(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: 'custom', message: 'must be two times of day, such as "22:00-07:00"' });
  return z.NEVER;
});

const thresholds = z.strictObject({
  failures: times.optional().describe('as alerts.failures, for this job'),
  recoveries: times.optional().describe('as alerts.recoveries, for this job'),
});

export const policyKeys = {
  failures: times.default(1).describe('how often in a row a job fails before it is told'),
  recoveries: times.default(1).describe('how often in a row it ends well before that is told'),
  skips: times.default(3).describe('how often in a row a run may find the lock held'),
  interruptions: times.default(2).describe('how often in a row a run may be stopped from outside'),
  jobs: z.record(checkName, thresholds).default({}).describe('thresholds of single jobs'),
  reminder_hours: z
    .array(hours)
    .default([4, 24])
    .describe('after which hours it is told again; the last one repeats'),
  escalate_hours: hours.default(24).describe('a warning that lasts so long becomes critical'),
  quiet: quiet.optional().describe('in these hours warnings wait; critical news does not'),
  canary_days: z
    .int('must be a whole number')
    .min(0, 'must not be negative')
    .max(365, 'must be at most a year')
    .default(7)
    .describe('how often each channel proves that it works; 0 for never'),
};

export function policyConfig(table: z.infer<z.ZodObject<typeof policyKeys>>, timeZone: string): AlertPolicy {
  const { failures, recoveries, skips, interruptions, jobs } = table;
  return {
    failures,
    recoveries,
    skips,
    interruptions,
    jobs,
    reminders: table.reminder_hours.map((count) => count * hourMs),
    escalateAfter: table.escalate_hours * hourMs,
    quiet: table.quiet && { ...table.quiet, timeZone },
    canaryEvery: table.canary_days === 0 ? undefined : table.canary_days * dayMs,
  };
}

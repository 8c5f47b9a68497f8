// The shape of [alerts] in holdfast.toml: every key, its default and a sentence of what it means.
import { z } from 'zod';
import { isCheckName } from '../incident/check.ts';
import { parseQuietHours } from '../incident/quiet-hours.ts';

const secretFile = z
  .string()
  .startsWith('/', 'must be an absolute path')
  .refine((path) => !path.includes('\0'), 'must not contain a NUL character');

const times = z.int('must be a whole number').min(1, 'must be at least 1').max(1000, 'must be at most 1000');

const hours = z.number().min(0.1, 'must be at least 0.1').max(8760, 'must be at most a year');

const check = z.string().refine(isCheckName, 'must be the name of a job, such as "db-backup"');

const quiet = z.string().transform((text, context) => {
  const parsed = parseQuietHours(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: 'custom', message: 'must be two times of day, such as "22:00-07:00"' });
  return z.NEVER;
});

const ntfy = z.strictObject({
  server: z
    .url({ protocol: /^https?$/, error: 'must be an address such as "https://ntfy.sh"' })
    .default('https://ntfy.sh')
    .describe('the server'),
  topic_file: secretFile.optional().describe('holds the topic, mode 600: who knows it can read along'),
  token_file: secretFile.optional().describe('holds an access token, mode 600, where the topic is protected'),
});

const slack = z.strictObject({
  webhook_url_file: secretFile.optional().describe('holds the address of the incoming webhook, mode 600'),
});

const ping = z.strictObject({
  url_file: secretFile.optional().describe("holds the service's address with its ping key, mode 600"),
  jobs: z
    .array(check)
    .min(1, 'must name at least one job')
    .default(['db-backup'])
    .describe('what it is told about'),
  create: z.boolean().default(false).describe('let the service make a check that it does not know'),
});

const thresholds = z.strictObject({
  failures: times.optional().describe('as alerts.failures, for this job'),
  recoveries: times.optional().describe('as alerts.recoveries, for this job'),
});

export const alertsSchema = z.strictObject({
  ntfy: ntfy.optional().describe('push messages'),
  slack: slack.optional().describe('messages in a channel of Slack'),
  desktop: z.boolean().default(false).describe('also on the screen, where a desktop session runs'),
  ping: ping.optional().describe("a dead-man's switch outside, in the way of healthchecks.io"),
  failures: times.default(1).describe('how often in a row a job fails before it is told'),
  recoveries: times.default(1).describe('how often in a row it ends well before that is told'),
  skips: times.default(3).describe('how often in a row a run may find the lock held'),
  interruptions: times.default(2).describe('how often in a row a run may be stopped from outside'),
  jobs: z.record(check, thresholds).default({}).describe('thresholds of single jobs'),
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
  link: z
    .url({ protocol: /^https?$/, error: 'must be an address such as "https://pi.example.ts.net/ops/"' })
    .optional()
    .describe('a page that a tap on a message opens'),
});

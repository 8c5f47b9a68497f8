// The shape of holdfast.toml: every key, its default and a sentence of what it means. Unknown keys are errors.
import { z } from 'zod';
import { alertsSchema } from './alerts-schema.ts';
import { defaultLatestName, latestNameProblem, requireAppName } from '../backup/name.ts';
import { errorMessage } from '../base/errors.ts';

const absolutePath = z
  .string()
  .startsWith('/', 'must be an absolute path')
  .refine((path) => !path.includes('\0'), 'must not contain a NUL character');

const count = z
  .int('must be a whole number')
  .min(0, 'must not be negative')
  .max(10_000, 'must be at most 10000');

const seconds = z.number().positive('must be more than 0').max(86_400, 'must be at most a day');

const keep = z
  .strictObject({
    last: count.default(0).describe('the newest N backups'),
    daily: count.default(0).describe('the newest backup of each of N days that have one'),
    weekly: count.default(0).describe('the newest backup of each of N ISO weeks that have one'),
    monthly: count.default(0).describe('the newest backup of each of N months that have one'),
  })
  .refine(
    ({ last, daily, weekly, monthly }) => last + daily + weekly + monthly > 0,
    'must keep at least one backup',
  );

const latestName = z.string().superRefine((name, context) => {
  const message = latestNameProblem(name);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

const health = z
  .strictObject({
    command: z.string().min(1).optional().describe('healthy when this shell command exits 0'),
    url: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('healthy when this address answers 2xx'),
    timeout_seconds: seconds.default(60).describe('how long the app may take to become healthy'),
  })
  .refine(
    ({ command, url }) => (command === undefined) !== (url === undefined),
    'needs either command or url',
  );

const app = z
  .strictObject({
    database: absolutePath.describe('the live SQLite database'),
    latest: z
      .union([latestName, z.literal(false)])
      .optional()
      .describe(
        'name of the plain latest copy in the store, or false for none; latest/<app>.db unless given',
      ),
    keep: keep.default({ last: 7, daily: 7, weekly: 4, monthly: 12 }).describe('which backups stay'),
    services: z.array(z.string()).default([]).describe('systemd units a restore stops and starts'),
    stop: z.string().min(1).optional().describe('shell command that stops the app, instead of services'),
    start: z.string().min(1).optional().describe('shell command that starts the app again'),
    service_timeout_seconds: seconds.default(120).describe('how long stopping or starting may take'),
    health: health.optional().describe('how a restore finds out that the app is well again'),
  })
  .refine(
    ({ stop, start }) => (stop === undefined) === (start === undefined),
    'stop and start belong together',
  )
  .refine(
    ({ services, stop }) => services.length === 0 || stop === undefined,
    'give services, or stop and start, not both',
  );

const directoryStore = z.strictObject({
  kind: z.literal('directory').describe('copies go to a directory'),
  path: absolutePath.describe('the directory; best on another disk than the database'),
});

const dropboxFolder = z
  .string()
  .regex(/^(?:\/[^/\\\p{Cc}]*[^/\\\p{Cc} .])+$/u, 'must be a path such as "/pi", without a slash at its end')
  .refine((path) => !path.split('/').includes('..'), 'must not hold ".."');

/** `2 MB/s` in bytes per second. */
const rate = z.string().transform((text, context) => {
  const found = /^(\d+(?:\.\d+)?) ?(kB|KB|MB|GB|KiB|MiB)\/s$/.exec(text);
  const bytes = Number(found?.[1] ?? 0) * (rateUnits[found?.[2] ?? ''] ?? 0);
  if (bytes >= 1000) return bytes;
  context.addIssue({ code: 'custom', message: 'must be a rate of at least 1 kB/s, such as "2 MB/s"' });
  return z.NEVER;
});

const rateUnits: Record<string, number> = {
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
};

const dropboxStore = z.strictObject({
  kind: z.literal('dropbox').describe('copies go to Dropbox'),
  folder: dropboxFolder.optional().describe("everything lies below it; the app's own root unless given"),
  app_key: z.string().min(1).optional().describe('$DROPBOX_APP_KEY unless given; not a secret'),
  app_secret_file: absolutePath
    .optional()
    .describe('holds the app secret; an app linked with PKCE needs none'),
  refresh_token_file: absolutePath
    .optional()
    .describe('holds the refresh token, mode 600; db-backup link writes it'),
  limit: rate.optional().describe('at most so much per second, such as "2 MB/s"'),
  timeout_seconds: seconds.default(60).describe('a request without a byte for so long has failed'),
  deadline_minutes: z
    .number()
    .positive('must be more than 0')
    .max(10_080, 'must be at most a week')
    .default(360)
    .describe('a run that takes longer fails'),
  retries: z
    .int('must be a whole number')
    .min(0, 'must not be negative')
    .max(100, 'must be at most 100')
    .default(8)
    .describe('how often a request is made again after a failure that may pass'),
});

const store = z.discriminatedUnion(
  'kind',
  [directoryStore, dropboxStore],
  'must be "directory" or "dropbox"',
);

/** The whole file. */
export const fileSchema = z.strictObject({
  state_directory: absolutePath.optional().describe('ops.db and scratch; $HOLDFAST_STATE unless given'),
  run_directory: absolutePath.optional().describe('locks; $HOLDFAST_RUN unless given'),
  time_zone: z
    .string()
    .refine(isTimeZone, 'must be a time zone such as "Europe/Berlin"')
    .optional()
    .describe("the zone in which days begin; the machine's own unless given"),
  clock: z
    .enum(['auto', 'trusted'], 'must be "auto" or "trusted"')
    .default('auto')
    .describe('"trusted" where no time service can vouch for the clock'),
  store: store.optional().describe('where copies go; a directory in the state directory unless given'),
  alerts: alertsSchema.optional().describe('who is told when something went wrong; nobody unless given'),
  apps: z
    .record(z.string().superRefine(checkAppName), app)
    .refine((apps) => Object.keys(apps).length > 0, 'needs at least one app, such as [apps.ctv]')
    .superRefine(checkLatestNames),
});

export type ConfigFile = z.infer<typeof fileSchema>;

function checkAppName(
  name: string,
  context: { addIssue(issue: { code: 'custom'; message: string }): void },
): void {
  try {
    requireAppName(name);
  } catch (error) {
    context.addIssue({ code: 'custom', message: errorMessage(error) });
  }
}

/** Two apps with one latest copy would replace each other's, night after night. */
function checkLatestNames(
  apps: Record<string, { latest?: string | false | undefined }>,
  context: { addIssue(issue: { code: 'custom'; path: string[]; message: string }): void },
): void {
  const owners = new Map<string, string>();
  for (const [app, { latest = defaultLatestName(app) }] of Object.entries(apps)) {
    if (latest === false) continue;
    const name = latest.replace(/^\//, '');
    const owner = owners.get(name);
    if (owner === undefined) owners.set(name, app);
    else
      context.addIssue({
        code: 'custom',
        path: [app, 'latest'],
        message: `is the latest copy of ${owner} already`,
      });
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false; // Intl throws a RangeError for an unknown zone
  }
}

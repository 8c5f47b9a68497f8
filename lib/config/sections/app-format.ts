// `[apps.<name>]`, how its backups lie in the store: in which formats, what is decided of pages, and how often beside the night.
import { z } from 'zod';
import type { BackupFormat } from '../../backup/name.ts';
import { type FullWindow, type PagesPolicy, usualPages } from '../../backup/pages-policy.ts';
import { parseDuration } from '../../base/duration.ts';
import type { Engine } from '../../source/facts.ts';
import type { GuardedApp } from '../config.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const formatName = z.enum(['plain', 'pages'], 'must be "plain" or "pages"');

const formats = z.union([
  formatName,
  z
    .array(formatName)
    .min(1, 'must name a format')
    .refine((list) => new Set(list).size === list.length, 'names a format twice'),
]);

const everyMsMin = 15 * minuteMs;
const everyMsMax = 12 * hourMs;

/** So that a timer has the same times every day, and they are the same distance apart over midnight. */
const every = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== undefined && isPeriod(ms)) return ms;
  context.addIssue({ code: 'custom', message: `must be ${periodsLike(ms)}` });
  return z.NEVER;
});

function isPeriod(ms: number): boolean {
  return ms >= everyMsMin && ms <= everyMsMax && ms % minuteMs === 0 && dayMs % ms === 0;
}

/** What is possible, and what of that is nearest to what was meant. */
function periodsLike(ms: number | undefined): string {
  if (ms === undefined) return 'a time such as "1h" or "30min"';
  if (ms < everyMsMin || ms > everyMsMax) return 'between "15min" and "12h"';
  const all = Array.from({ length: everyMsMax / minuteMs }, (_, index) => (index + 1) * minuteMs);
  const possible = all.filter(isPeriod);
  const near = [possible.findLast((each) => each < ms), possible.find((each) => each > ms)];
  const named = near.filter((each) => each !== undefined).map((each) => JSON.stringify(periodText(each)));
  return `a whole part of a day: ${named.join(' or ')}`;
}

/** A period as it is written. */
function periodText(ms: number): string {
  return ms % hourMs === 0 ? `${ms / hourMs}h` : `${ms / minuteMs}min`;
}

const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const windowMsUnlessGiven = 8 * hourMs;

const fullWindow = z.string().transform((text, context): FullWindow => {
  const found = /^(?:([A-Z][a-z]{2}) )?([01]\d|2[0-3]):([0-5]\d)(?: for (.+))?$/.exec(text);
  const [, day, hours, minutes, length] = found ?? [];
  const weekday = day === undefined ? undefined : weekdays.indexOf(day);
  const lengthMs = length === undefined ? windowMsUnlessGiven : parseDuration(length);
  if (found !== null && weekday !== -1 && lengthMs !== undefined && lengthMs < dayMs)
    return { weekday, startMinutes: Number(hours) * 60 + Number(minutes), lengthMs };
  const message = `must be a time of a week or a day, such as "Sat 22:00", "Sat 22:00 for 6h" or "22:00 for 6h", shorter than a day (${weekdays.join(', ')})`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const levels = z.literal([1, 2, 3], 'must be 1, 2 or 3');

/** What is decided of pages. */
const pagesKeys = {
  levels: levels.optional().describe('pages: how many increments a restore needs at most beside the full'),
  full: z
    .enum(['weekly', 'monthly'], 'must be "weekly" or "monthly"')
    .optional()
    .describe(
      'pages: a new full with the first backup of a week or a month; when increments cost too much unless given',
    ),
  full_window: fullWindow
    .optional()
    .describe(
      'pages: when a full that can wait is made, such as "Sat 22:00"; whenever it is due unless given',
    ),
  keep_full: z
    .boolean()
    .optional()
    .describe('pages: false where no copy of the full stays here, and increments are larger'),
};

export const formatKeys = {
  format: formats.optional().describe('"plain", a file a backup; "pages", what changed; or both, in a list'),
  every: every.optional().describe('beside the nightly run there is a backup so often, such as "1h"'),
  ...pagesKeys,
};

export type FormatTable = z.infer<z.ZodObject<typeof formatKeys>>;

/** The formats of an app, in the order in which they were written; never none. */
export function formatsOf({ format = 'plain' }: FormatTable): readonly BackupFormat[] {
  return typeof format === 'string' ? [format] : format;
}

/** What the table says of it, complete. */
export function formatConfig(table: FormatTable): Pick<GuardedApp, 'formats' | 'pages' | 'everyMs'> {
  const pages: PagesPolicy = {
    levels: table.levels ?? usualPages.levels,
    full: table.full ?? usualPages.full,
    keepsFull: table.keep_full ?? usualPages.keepsFull,
    fullWindow: table.full_window,
  };
  return { formats: formatsOf(table), pages, everyMs: table.every };
}

/** What cannot be so in an app with this database. */
export function* formatProblems(
  table: FormatTable,
  engine: Engine,
): Generator<{ path: string[]; message: string }> {
  const isInPages = formatsOf(table).includes('pages');
  if (isInPages && engine === 'postgres') {
    const message =
      'cannot be "pages" for PostgreSQL, whose backups are dumps: write format = "plain" (every works with it)';
    yield { path: ['format'], message };
    return;
  }
  if (isInPages) return;
  for (const key of Object.keys(pagesKeys) as (keyof typeof pagesKeys)[])
    if (table[key] !== undefined)
      yield {
        path: [key],
        message: 'is of backups in pages: write format = "pages" beside it, or leave it out',
      };
}

// `[apps.<name>]`, the database: which one is guarded, its latest copy, and which backups of it stay.
import { resolve } from 'node:path';
import { z } from 'zod';
import { type BackupFormat, defaultLatestName, latestNameProblem, type Layout } from '../../backup/name.ts';
import type { RetentionPolicy } from '../../backup/retention.ts';
import { OpsError } from '../../base/errors.ts';
import type { Engine } from '../../source/facts.ts';
import type { GuardedApp } from '../config.ts';
import { absolute, type Environment, nonEmpty } from '../environment.ts';
import { formatConfig, formatKeys, formatsOf } from './app-format.ts';
import { guardConfig, guardTable } from './app-guard.ts';
import { type TargetTable, targetKeys } from './postgres-target.ts';
import { absolutePath } from './values.ts';

const count = z
  .int('must be a whole number')
  .min(0, 'must not be negative')
  .max(10_000, 'must be at most 10000');

const keep = z
  .strictObject({
    last: count.default(0).describe('the newest N backups'),
    hourly: count
      .default(0)
      .describe(
        'the newest backup of each of N hours that have one; of those in pages, where there are such',
      ),
    daily: count.default(0).describe('the newest backup of each of N days that have one'),
    weekly: count.default(0).describe('the newest backup of each of N ISO weeks that have one'),
    monthly: count.default(0).describe('the newest backup of each of N months that have one'),
  })
  .refine(
    ({ last, hourly, daily, weekly, monthly }) => last + hourly + daily + weekly + monthly > 0,
    'must keep at least one backup',
  );

const latestName = z.string().superRefine((name, context) => {
  const message = latestNameProblem(name);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

export const databaseKeys = {
  database: absolutePath.optional().describe('the live SQLite database'),
  ...targetKeys,
  latest: z
    .union([latestName, z.literal(false)])
    .optional()
    .describe(
      'name of the plain latest copy in the store, or false for none; latest/<app>.db, or .dump, unless given, and none with pages alone',
    ),
  ...formatKeys,
  keep: keep.optional().describe('which backups stay'),
  lock_file: absolutePath.optional().describe('the lock of another program for the same work, held as well'),
  guard: guardTable.optional().describe('what of the database may become less'),
};

type DatabaseTable = z.infer<z.ZodObject<typeof databaseKeys>>;

const usualKeep = { last: 7, hourly: 0, daily: 7, weekly: 4, monthly: 12 };
/** Increments cost little, so there are more of them; a plain file beside them costs what it always did. */
const usualKeepInPages = { last: 7, hourly: 48, daily: 14, weekly: 8, monthly: 12 };

/** Which backups stay where nobody says so. */
function keepUnlessGiven(formats: readonly BackupFormat[]): RetentionPolicy {
  if (!formats.includes('pages')) return usualKeep;
  return formats.includes('plain') ? { ...usualKeep, hourly: usualKeepInPages.hourly } : usualKeepInPages;
}

/** What differs where the environment alone names the app: all is as in the scripts that came before. */
export const classic = { layout: 'classic', latest: '/database.db', keep: { last: 7 } } as const;

/** How the backups of a database are kept, whichever its engine. */
export function keptConfig(
  app: string,
  table: DatabaseTable,
  layout: Layout,
): Pick<GuardedApp, 'layout' | 'latest' | 'formats' | 'pages' | 'everyMs' | 'keep' | 'guard' | 'lockFile'> {
  const { keep, guard, lock_file: lockFile } = table;
  const format = formatConfig(table);
  return {
    layout,
    latest: latestOf(app, table),
    ...format,
    keep: keep ?? keepUnlessGiven(format.formats),
    guard: guardConfig(guard),
    lockFile,
  };
}

/** The engine of the database that a table names; undefined where it names none. */
export function engineOf({
  database,
  postgres_url: url,
  postgres_url_file: file,
}: TargetTable & { database?: string | undefined }): Engine | undefined {
  if (database !== undefined) return 'sqlite';
  return url === undefined && file === undefined ? undefined : 'postgres';
}

/** The store name of an app's latest copy; undefined when none is kept: with pages alone it would be all that is sent whole. */
export function latestOf(app: string, table: DatabaseTable): string | undefined {
  const engine = engineOf(table);
  const { latest = isInPagesAlone(table) ? false : undefined } = table;
  if (engine === undefined || latest === false) return undefined;
  return (latest ?? defaultLatestName(app, engine)).replace(/^\//, '');
}

function isInPagesAlone(table: DatabaseTable): boolean {
  return !formatsOf(table).includes('plain');
}

/**
 * `DATABASE_PATH`, and `DROPBOX_DB_PATH` for the latest copy, which may not lie among the backups, where it would be
 * taken for one: then OpsError `config`. Undefined where no database is named.
 */
export function databaseFromEnvironment(environment: Environment) {
  const database = nonEmpty(environment.DATABASE_PATH);
  if (database === undefined) return undefined;
  const latest = (nonEmpty(environment.DROPBOX_DB_PATH) ?? classic.latest).replace(/^\/+/, '');
  const problem = latestNameProblem(latest);
  const lockFile = absolute(environment, 'HOLDFAST_LOCK_FILE');
  const lock = lockFile === undefined ? {} : { lock_file: lockFile };
  if (problem === undefined) return { database: resolve(database), latest, keep: classic.keep, ...lock };
  throw new OpsError('config', `cannot use DROPBOX_DB_PATH=${latest}: it ${problem}`, {
    hint: `use a name outside /backups, such as ${classic.latest}`,
  });
}

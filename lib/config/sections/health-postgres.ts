// `[health.postgres.databases.<name>]`: the PostgreSQL databases that are watched, beside those of the apps that have one. Without
// any it is that of DATABASE_URL, which is all that many an app is told.
import { z } from 'zod';
import { appNameFromPath, isAppName } from '../../backup/name.ts';
import { OpsError } from '../../base/errors.ts';
import { type Environment, nonEmpty } from '../environment.ts';
import { type PostgresTarget, type SslMode, sslmodes } from '../../health/postgres-target.ts';
import type { AppConfig, PostgresApp } from '../config.ts';
import { isPostgresUrl, parsePostgresUrl, type PostgresAddress } from '../postgres-url.ts';
import { isSecretGiven, readSecret } from '../secrets.ts';
import { absolutePath } from './values.ts';

/** A PostgreSQL database that is watched. */
export interface PostgresSettings {
  readonly name: string;
  /** Whether it is that of the app of its name, with the app's address. */
  readonly isOfApp: boolean;
  /** The role whose share of the connections counts; undefined for the one that asks. */
  readonly role: string | undefined;
  /** From which share of the transactions on rolling back is a warning, in per cent; undefined for never. */
  readonly rollbackPercent: number | undefined;
  /** The file with the password, where one is named. */
  readonly passwordFile: string | undefined;
  /** Which database, and as whom. Throws OpsError `config` for an address in the environment that is none. */
  readTarget(): PostgresTarget;
}

const socketDirectory = '/var/run/postgresql';
const usualPort = 5432;

export const address = z
  .string()
  .max(4096, 'is too long')
  .transform((text, context) => {
    const found = parsePostgresUrl(text);
    const problem = 'problem' in found ? found.problem : problemOf(found);
    if (problem === undefined && !('problem' in found)) return found;
    context.addIssue({ code: 'custom', message: problem ?? '' });
    return z.NEVER;
  });

/** A file that everybody may read is no place for a password. */
function problemOf({ password, ...found }: PostgresAddress): string | undefined {
  if (password !== undefined)
    return 'must not hold a password: put that into a file of mode 600, and name it as password_file';
  return unusableAddress(found);
}

export function unusableAddress({
  port,
  sslmode,
  sslrootcert,
}: Omit<PostgresAddress, 'password'>): string | undefined {
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536))
    return 'has a port that is none';
  if (sslmode !== undefined && !isSslmode(sslmode))
    return `has an sslmode that is none of ${sslmodes.join(', ')}`;
  if (sslrootcert !== undefined && sslrootcert !== 'system' && !sslrootcert.startsWith('/'))
    return 'has an sslrootcert that is no absolute path';
  return undefined;
}

function isSslmode(text: string): text is SslMode {
  return (sslmodes as readonly string[]).includes(text);
}

const databaseTable = z
  .strictObject({
    url: address.optional().describe('the address, without a password'),
    host: z.string().min(1).optional().describe('a host, or the directory with the socket'),
    port: z.int().min(1).max(65_535).optional().describe('of the server'),
    user: z.string().min(1).optional().describe('the role that asks'),
    database: z.string().min(1).optional().describe('the database'),
    password_file: absolutePath.optional().describe('holds the password, mode 600'),
    sslmode: z.enum(sslmodes).optional().describe('how the connection is protected, as libpq calls it'),
    sslrootcert: absolutePath.optional().describe('the certificates of the authorities that are trusted'),
    role: z.string().min(1).optional().describe('the role of the app, whose share of the connections counts'),
    rollback_percent: z
      .number()
      .positive('must be more than 0')
      .max(100, 'must be at most 100')
      .optional()
      .describe('from which share of the transactions on rolling back is a warning'),
  })
  .superRefine((table, context) => {
    for (const message of tableProblems(table)) context.addIssue({ code: 'custom', message });
  });

type DatabaseTable = z.infer<typeof databaseTable>;

const addressKeys = ['host', 'port', 'user', 'database', 'sslmode', 'sslrootcert'] as const;

function* tableProblems(table: DatabaseTable): Generator<string> {
  for (const key of addressKeys)
    if (table[key] !== undefined && table.url?.[key] !== undefined)
      yield `has ${key} twice: in url, and beside it`;
}

/** Whether a table names a database, and says not only how that of an app is watched. */
function namesDatabase(table: DatabaseTable): boolean {
  return ([...addressKeys, 'url', 'password_file'] as const).some((key) => table[key] !== undefined);
}

/** What is wrong with it beside the apps that there are: one called like an app of PostgreSQL needs no address, for it is the app's. */
export function postgresProblems(
  { databases }: z.infer<typeof postgresTable>,
  isServed: (app: string) => boolean,
): Problem[] {
  return Object.entries(databases).flatMap(([name, table]) =>
    (table.user ?? table.url?.user) !== undefined || (isServed(name) && !namesDatabase(table))
      ? []
      : [
          {
            path: ['databases', name],
            message: 'needs user, the role that asks: user = "holdfast", or user@ in url',
          },
        ],
  );
}

interface Problem {
  readonly path: string[];
  readonly message: string;
}

const databaseName = z
  .string()
  .refine(isAppName, 'must be a name of letters, digits, and "." "_" "-" between them');

export const postgresTable = z.strictObject({
  databases: z.record(databaseName, databaseTable).default({}).describe('the databases that are watched'),
});

/** The variable, and a credential of the same content. */
const databaseUrl = { credential: 'database-url', variable: 'DATABASE_URL' };

/** Those of the apps and of the file, else the one that the environment names. */
export function postgresConfig(
  table: z.infer<typeof postgresTable> | undefined,
  environment: Environment,
  apps: readonly AppConfig[] = [],
): readonly PostgresSettings[] {
  const databases = table?.databases ?? {};
  const served = apps.filter((app): app is PostgresApp => app.engine === 'postgres');
  const own = served.filter(({ name }) => databases[name] === undefined).map((app) => settingsOf(app));
  const named = Object.entries(databases).map(([name, database]) => {
    const app = served.find((one) => one.name === name);
    return app === undefined || namesDatabase(database)
      ? settings(name, database, environment)
      : settingsOf(app, database);
  });
  const all = [...own, ...named];
  return all.length > 0 ? all : fromEnvironment(environment);
}

/** An app's own database, as whom it is backed up. */
function settingsOf({ name, readTarget }: PostgresApp, table?: DatabaseTable): PostgresSettings {
  return {
    name,
    isOfApp: true,
    role: table?.role,
    rollbackPercent: table?.rollback_percent,
    passwordFile: undefined,
    readTarget,
  };
}

function settings(name: string, table: DatabaseTable, environment: Environment): PostgresSettings {
  const { url, password_file: passwordFile, rollback_percent: rollbackPercent } = table;
  const given = { ...url, ...present(table) };
  const credential = `postgres-${name}-password`;
  return {
    name,
    isOfApp: false,
    role: table.role,
    rollbackPercent,
    passwordFile,
    readTarget: () => ({
      ...completedTarget(given),
      readPassword: () => readSecret({ environment, credential, file: passwordFile }),
    }),
  };
}

function present({
  host,
  port,
  user,
  database,
  sslmode,
  sslrootcert,
}: DatabaseTable): Partial<PostgresAddress> {
  const keys = { host, port, user, database, sslmode, sslrootcert };
  return Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined));
}

/** As PostgreSQL's own programs complete it. */
export function completedTarget(given: Partial<PostgresAddress>): Omit<PostgresTarget, 'readPassword'> {
  const {
    host = socketDirectory,
    port = usualPort,
    user = 'postgres',
    sslmode = 'prefer',
    sslrootcert,
  } = given;
  return {
    host,
    port,
    user,
    database: given.database ?? user,
    sslmode: isSslmode(sslmode) ? sslmode : 'prefer',
    rootCertificate: sslrootcert === 'system' ? undefined : sslrootcert,
  };
}

/** A mistake in it is told when it is used, and keeps nothing else from being done; an address of another engine is none of ours. */
function fromEnvironment(environment: Environment): PostgresSettings[] {
  const text = nonEmpty(environment[databaseUrl.variable]?.trim());
  if (!isSecretGiven({ ...databaseUrl, environment })) return [];
  if (text !== undefined && !isPostgresUrl(text)) return [];
  const found = text === undefined ? undefined : parsePostgresUrl(text);
  const database = found === undefined || 'problem' in found ? undefined : found.database;
  return [
    {
      name: database === undefined ? 'postgres' : appNameFromPath(database),
      isOfApp: false,
      role: undefined,
      rollbackPercent: undefined,
      passwordFile: undefined,
      readTarget: () => targetOf(readSecret({ ...databaseUrl, environment }) ?? ''),
    },
  ];
}

function targetOf(text: string): PostgresTarget {
  const found = parsePostgresUrl(text);
  const problem = 'problem' in found ? found.problem : unusableAddress(found);
  if (problem !== undefined || 'problem' in found)
    throw new OpsError('config', `cannot use DATABASE_URL: it ${problem}`, {
      hint: 'write it as the app does, or name the database in [health.postgres.databases.<name>]: docs/configuration.md',
    });
  return { ...completedTarget(found), readPassword: () => found.password };
}

// `[health]`: one table a check, with the same keys for each, and those that are its own beside them.
import { z } from 'zod';
import { allChecks } from '../../health/all-checks.ts';
import type { AnyCheck, CheckSettings } from '../../health/check.ts';
import type { Environment } from '../environment.ts';
import type { AppConfig } from '../config.ts';
import type { HealthSettings } from '../health-config.ts';
import {
  certificateConfig,
  certificateKeys,
  databaseConfig,
  databaseKeys,
  walConfig,
  walKeys,
} from './health-database.ts';
import { freshnessConfig, freshnessKeys } from './health-freshness.ts';
import { httpConfig, httpKeys } from './health-http.ts';
import { limitFor } from './health-limit.ts';
import { mountKeys, mountSettings } from './health-mounts.ts';
import { postgresConfig, postgresTable } from './health-postgres.ts';
import { sqlConfig, sqlKeys } from './health-sql.ts';
import { unitKeys, unitSettings } from './health-units.ts';
import { duration } from './values.ts';

const times = z.int('must be a whole number').min(1, 'must be at least 1').max(1000, 'must be at most 1000');

/** The keys that every check has. */
function settingKeys({ unit }: AnyCheck) {
  return {
    warn: limitFor(unit).optional().describe('from where on it is a warning'),
    critical: limitFor(unit).optional().describe('from where on it is critical'),
    every: duration.optional().describe('how often it is asked, at most; such as "30min"'),
    failures: times.optional().describe('how often in a row it has to be bad before it is told'),
    recoveries: times.optional().describe('how often in a row it has to be well before that is told'),
    off: z.boolean().default(false).describe('true: it is not asked'),
  };
}

type SettingTable = z.infer<z.ZodObject<ReturnType<typeof settingKeys>>>;

/** What a check can be told beside that; one line each. */
const ownKeys = {
  certificate: certificateKeys,
  database: databaseKeys,
  freshness: freshnessKeys,
  http: httpKeys,
  mounts: mountKeys,
  sql: sqlKeys,
  units: unitKeys,
  wal: walKeys,
} satisfies Record<string, z.ZodRawShape>;

/** What was written of the check `name`, beside the keys that every check has. */
function own<Name extends keyof typeof ownKeys>(tables: Readonly<Record<string, unknown>>, name: Name) {
  return tables[name] as z.infer<z.ZodObject<(typeof ownKeys)[Name]>> | undefined;
}

function keysOf(check: AnyCheck) {
  return { ...settingKeys(check), ...(ownKeys as Readonly<Record<string, z.ZodRawShape>>)[check.name] };
}

/** The names of all keys that `[health.<check>]` may have. */
export function settingNames(check: AnyCheck): string[] {
  return Object.keys(keysOf(check));
}

const checkTables = Object.fromEntries(
  allChecks.map((check) => [check.name, z.strictObject(keysOf(check)).optional().describe(check.question)]),
);

/** What several checks look at. */
const sharedTables = {
  postgres: postgresTable.optional().describe('the PostgreSQL databases that are watched'),
};

export const healthTable = z.strictObject({ ...checkTables, ...sharedTables });

export function healthConfig(
  table: z.infer<typeof healthTable> | undefined,
  environment: Environment,
  apps: readonly AppConfig[],
): HealthSettings {
  const { postgres, ...given } = table ?? {};
  const checks: Readonly<Record<string, object | undefined>> = given;
  return {
    checks: Object.fromEntries(
      Object.entries(checks).flatMap(([name, one]) =>
        one === undefined ? [] : [[name, settingsOf(one as SettingTable)] as const],
      ),
    ),
    units: unitSettings(checks.units),
    mounts: mountSettings(checks.mounts),
    postgres: postgresConfig(postgres, environment, apps),
    database: databaseConfig(own(given, 'database')),
    wal: walConfig(own(given, 'wal')),
    endpoints: httpConfig(own(given, 'http')),
    certificateFiles: certificateConfig(own(given, 'certificate')),
    assertions: sqlConfig(own(given, 'sql')),
    freshThings: freshnessConfig(own(given, 'freshness')),
  };
}

function settingsOf({ warn, critical, every, failures, recoveries, off }: SettingTable): CheckSettings {
  return { limits: { warning: warn, critical }, everyMs: every, failures, recoveries, off };
}

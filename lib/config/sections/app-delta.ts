// `apps.<name>.delta`: where the row changes of an app's database go, which of them, and how they are known.
import { z } from 'zod';
import type { DeltaConfig } from '../delta-config.ts';
import type { Environment } from '../environment.ts';
import { readSecret } from '../secrets.ts';
import { absolutePath, duration, peerUrl, pin, rate, seconds, sourceName } from './values.ts';

const tableName = z.string().min(1, 'must name a table');

export const deltaTable = z
  .strictObject({
    to: peerUrl.describe('the receiver, such as "https://reports.example:8790"'),
    source: sourceName
      .optional()
      .describe('the name that the receiver knows it by; that of the app unless given'),
    key_file: absolutePath.optional().describe('holds the key that delta-receive key add printed, mode 600'),
    pin: pin.optional().describe('the fingerprint of its certificate, where nobody else vouches for it'),
    tables: z.array(tableName).min(1).optional().describe('the tables that travel; all unless given'),
    without: z.array(tableName).default([]).describe('tables that do not'),
    capture: z
      .enum(['triggers', 'diff'])
      .default('triggers')
      .describe('how changes are known: by triggers in the database, or by comparing all of it'),
    limit: rate.optional().describe('at most so much per second, such as "100 kB/s"'),
    every: duration.default(60_000).describe('the pause of delta-push run --watch'),
    timeout_seconds: seconds.default(30).describe('without a byte for so long, the receiver is out of reach'),
    lag_max: duration.default(86_400_000).describe('so long changes may wait before it is told'),
    log_rows_max: z
      .int('must be a whole number')
      .min(10_000, 'must be at least 10000')
      .max(1_000_000_000)
      .default(2_000_000)
      .describe('beyond so many noted keys their tables are sent whole instead'),
  })
  .superRefine(({ to, pin: given, tables, without }, context) => {
    if (given !== undefined && to.protocol !== 'https:')
      context.addIssue({
        code: 'custom',
        path: ['pin'],
        message: 'needs an address that begins with https://',
      });
    for (const table of without)
      if (tables?.includes(table) === true)
        context.addIssue({
          code: 'custom',
          path: ['without'],
          message: `has ${table}, which tables has as well`,
        });
  });

export function deltaConfig(
  app: string,
  table: z.infer<typeof deltaTable>,
  environment: Environment,
): DeltaConfig {
  return {
    to: table.to,
    source: table.source ?? app,
    pin: table.pin,
    tables: table.tables,
    without: table.without,
    capture: table.capture,
    logRowsMax: table.log_rows_max,
    limitBytesPerSecond: table.limit,
    everyMs: table.every,
    timeoutMs: table.timeout_seconds * 1000,
    lagMaxMs: table.lag_max,
    keyFile: table.key_file,
    readKey: () =>
      readSecret({
        environment,
        credential: `delta-key-${app}`,
        file: table.key_file,
        variable: 'HOLDFAST_DELTA_KEY',
      }),
  };
}

// `[alerts.ping]`: a dead-man's switch outside, in the way of healthchecks.io.
import { z } from 'zod';
import type { PingConfig } from '../config.ts';
import type { Environment } from '../environment.ts';
import { isSecretGiven, readSecret } from '../secrets.ts';
import { absolutePath, checkName } from './values.ts';

export const pingTable = z.strictObject({
  url_file: absolutePath.optional().describe("holds the service's address with its ping key, mode 600"),
  jobs: z
    .array(checkName)
    .min(1, 'must name at least one job')
    .default(['db-backup'])
    .describe('what it is told about'),
  create: z.boolean().default(false).describe('let the service make a check that it does not know'),
});

type PingTable = z.infer<typeof pingTable>;

const url = { credential: 'ping-url', variable: 'HEALTHCHECKS_PING_URL' };

/** The table that the environment stands for, where it holds the address. */
export function pingFromEnvironment(environment: Environment): PingTable | undefined {
  return isSecretGiven({ ...url, environment }) ? pingTable.parse({}) : undefined;
}

export function pingConfig(table: PingTable, environment: Environment): PingConfig {
  const { url_file: file, jobs: checks, create } = table;
  return { urlFile: file, readUrl: () => readSecret({ ...url, file, environment }), checks, create };
}

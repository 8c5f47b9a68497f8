// `[pulls]`: one table a replica that follows a master; and the one that the environment of HerdLinx names.
import { join } from 'node:path';
import { z } from 'zod';
import { OpsError } from '../../base/errors.ts';
import type { PullConfig } from '../pull-config.ts';
import { absolute, type Environment, nonEmpty } from '../environment.ts';
import { readSecret } from '../secrets.ts';
import { absolutePath, duration, listen, peerUrl, pin, seconds, sourceName } from './values.ts';

const pullTable = z
  .strictObject({
    from: peerUrl.describe('the master, such as "https://pi.lan:5001"'),
    replica: absolutePath.describe('the file that is kept, a database of its own'),
    key_file: absolutePath.optional().describe('holds the key that delta-serve key printed, mode 600'),
    pin: pin.optional().describe('the fingerprint of its certificate, where nobody else vouches for it'),
    every_seconds: seconds.default(10).describe('the pause between two looks; an announcement shortens it'),
    full_every: duration
      .default(3_600_000)
      .describe('how often all is taken anew from a master, or of tables, whose changes cannot be told'),
    age_max: duration.default(900_000).describe('how old the replica may be before its status is a warning'),
    timeout_seconds: seconds.default(30).describe('without a byte for so long, the master is out of reach'),
    answer_mb: z
      .int('must be a whole number')
      .min(1, 'must be at least 1')
      .max(1_000_000)
      .default(16_384)
      .describe('no answer of the master holds more MiB'),
    status: listen
      .optional()
      .describe('where its status is shown, such as "127.0.0.1:5002"; nowhere unless given'),
  })
  .superRefine(({ from, pin: given }, context) => {
    if (given === undefined || from.protocol === 'https:') return;
    context.addIssue({
      code: 'custom',
      path: ['pin'],
      message: 'needs an address that begins with https://',
    });
  });

export const pullsTable = z.record(sourceName, pullTable).superRefine((pulls, context) => {
  const owners = new Map<string, string>();
  for (const [name, { replica }] of Object.entries(pulls)) {
    const owner = owners.get(replica);
    owners.set(replica, name);
    if (owner === undefined) continue;
    context.addIssue({
      code: 'custom',
      path: [name, 'replica'],
      message: `is the replica of ${owner} already`,
    });
  }
});

type PullTable = z.infer<typeof pullTable>;

const mebibyte = 1024 * 1024;

export function pullsConfig(
  tables: z.infer<typeof pullsTable> | undefined,
  environment: Environment,
  stateDirectory: string,
): readonly PullConfig[] {
  const named = Object.entries(tables ?? {}).map(([name, table]) => pullConfig(name, table, environment));
  return tables === undefined ? fromEnvironment(environment, stateDirectory) : named;
}

function pullConfig(name: string, table: PullTable, environment: Environment): PullConfig {
  const { key_file: keyFile } = table;
  return {
    name,
    from: table.from,
    pin: table.pin,
    signsItself: false,
    replica: table.replica,
    everyMs: table.every_seconds * 1000,
    fullEveryMs: table.full_every,
    ageMaxMs: table.age_max,
    timeoutMs: table.timeout_seconds * 1000,
    bytesMax: table.answer_mb * mebibyte,
    status: table.status,
    keyFile,
    readKey: () => readSecret({ environment, credential: 'pull-key', file: keyFile, variable: 'PI_API_KEY' }),
  };
}

/** What the replica of the environment is called. */
const environmentPull = 'herdlinx';

/** Whether the environment names a master. */
export function namesMaster(environment: Environment): boolean {
  return nonEmpty(environment.REMOTE_PI_HOST) !== undefined;
}

/**
 * `REMOTE_PI_HOST REMOTE_PI_PORT PI_API_KEY DB_SYNC_INTERVAL USE_SSL_FOR_PI USE_SELF_SIGNED_CERT`, and two of ours: where the
 * replica is, and the fingerprint of a certificate that signed itself. Throws OpsError `config` for what they cannot mean.
 */
function fromEnvironment(given: Environment, stateDirectory: string): readonly PullConfig[] {
  const environment = withoutRemarks(given);
  const host = nonEmpty(environment.REMOTE_PI_HOST);
  if (host === undefined) return [];
  const saysItself = isTrue(environment, 'USE_SELF_SIGNED_CERT');
  // Theirs asks without TLS where that is off, whatever is said of certificates.
  const isTls = isTrue(environment, 'USE_SSL_FOR_PI', saysItself);
  const signsItself = isTls && saysItself;
  const fingerprint = nonEmpty(environment.HOLDFAST_PULL_PIN);
  const port = nonEmpty(environment.REMOTE_PI_PORT) ?? '5001';
  const interval = nonEmpty(environment.DB_SYNC_INTERVAL) ?? '10';
  const table = {
    from: `${isTls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    replica:
      absolute(environment, 'HOLDFAST_REPLICA') ??
      join(stateDirectory, 'pull', environmentPull, 'replica.db'),
    every_seconds: Number(interval),
    ...(fingerprint === undefined ? {} : { pin: fingerprint }),
  };
  const checked = pullTable.safeParse(table);
  if (checked.success) return [{ ...pullConfig(environmentPull, checked.data, environment), signsItself }];
  const names: Record<string, string> = {
    from: 'REMOTE_PI_HOST and REMOTE_PI_PORT',
    every_seconds: 'DB_SYNC_INTERVAL',
    pin: 'HOLDFAST_PULL_PIN',
    replica: 'HOLDFAST_REPLICA',
  };
  throw new OpsError('config', 'cannot use the master that the environment names:', {
    lines: checked.error.issues.map(
      ({ path, message }) =>
        `  ${names[String(path[0])] ?? String(path[0])}: ${message.replace(/^Invalid input: /, '')}`,
    ),
    hint: 'docs/configuration.md has all of these names',
  });
}

const theirNames = [
  ...['REMOTE_PI_HOST', 'REMOTE_PI_PORT', 'PI_API_KEY', 'DB_SYNC_INTERVAL', 'USE_SSL_FOR_PI'],
  ...['USE_SELF_SIGNED_CERT', 'HOLDFAST_PULL_PIN'],
];

/** Their .env has remarks behind its values (`10  # seconds`), which python-dotenv takes away and systemd hands on. */
function withoutRemarks(environment: Environment): Environment {
  const plain = theirNames.map((name) => [name, environment[name]?.replace(/(^|\s+)#.*$/, '').trim()]);
  return { ...environment, ...(Object.fromEntries(plain) as Environment) };
}

/** As their own code reads it; `otherwise` where it says nothing. */
function isTrue(environment: Environment, name: string, otherwise = false): boolean {
  const value = nonEmpty(environment[name]);
  return value === undefined ? otherwise : /^(true|1|yes|on)$/i.test(value);
}

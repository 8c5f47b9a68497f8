// `apps.<name>.export.ship`: the reader that documents are shipped to, how it is known, and how long it may be out of reach.
import { z } from 'zod';
import { parseDuration } from '../../base/duration.ts';
import { parseReader, publicKey } from '../../export/reader.ts';
import type { ShipConfig } from '../export-config.ts';
import type { Environment } from '../environment.ts';
import { readSecret, secretPath } from '../secrets.ts';
import { absolutePath, rate, seconds } from './values.ts';

const reader = z.string().transform((text, context) => {
  const parsed = parseReader(text);
  if (!('problem' in parsed)) return { ...parsed, text };
  context.addIssue({ code: 'custom', message: parsed.problem });
  return z.NEVER;
});

const hostKey = z.string().transform((text, context) => {
  const key = publicKey(text);
  if (key !== undefined) return key;
  const message =
    'must be a public key such as "ssh-ed25519 AAAA…", as the reader has it in /etc/ssh/ssh_host_ed25519_key.pub';
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const duration = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  context.addIssue({ code: 'custom', message: 'must be a time such as "2 d", "8 h" or "30 min"' });
  return z.NEVER;
});

const dayMs = 86_400_000;

export const shipTable = z
  .strictObject({
    to: reader.describe('user@host:/path, or rsync://user@host/module/path'),
    port: z.int().min(1).max(65_535).optional().describe('of ssh there'),
    host_key: z
      .union([hostKey.transform((key) => [key]), z.array(hostKey).min(1)])
      .optional()
      .describe('the public key, or keys, that the host of the reader has'),
    identity: absolutePath.optional().describe('the private key that we have, mode 600'),
    password_file: absolutePath
      .optional()
      .describe('holds the password for the daemon of the reader, mode 600'),
    queue_age_max: duration.default(2 * dayMs).describe('so long documents may wait before it is told'),
    look_every: duration.default(dayMs).describe('how often all that was shipped is looked at again'),
    limit: rate.optional().describe('at most so much per second, such as "500 kB/s"'),
    timeout_seconds: seconds.default(60).describe('without a byte for so long, the reader is out of reach'),
    deadline_minutes: z
      .number()
      .positive('must be more than 0')
      .max(1440, 'must be at most a day')
      .default(60)
      .describe('so long one call of the reader may take; the next run goes on'),
  })
  .superRefine((table, context) => {
    for (const message of problems(table)) context.addIssue({ code: 'custom', message });
  });

type ShipTable = z.infer<typeof shipTable>;

function* problems({ to, port, host_key, identity, password_file }: ShipTable): Generator<string> {
  if (to.kind === 'ssh') {
    if (host_key === undefined)
      yield 'needs host_key, by which the reader is known: the content of /etc/ssh/ssh_host_ed25519_key.pub there';
    if (password_file !== undefined) yield 'has password_file, which is for rsync://; ssh needs identity';
    return;
  }
  const only = { host_key, identity, port };
  for (const [key, value] of Object.entries(only))
    if (value !== undefined)
      yield `has ${key}, which is for ssh; ${key === 'port' ? 'write it into the address' : 'the daemon has a password'}`;
  if (password_file !== undefined && to.user === undefined)
    yield 'has password_file, which needs a user: rsync://user@host/module';
}

export function shipConfig(table: ShipTable, environment: Environment): ShipConfig {
  const { to, identity, password_file: passwordFile } = table;
  const { text, ...parsed } = to;
  return {
    to: text,
    reader: parsed,
    port: table.port,
    hostKeys: table.host_key ?? [],
    queueAgeMaxMs: table.queue_age_max,
    lookEveryMs: table.look_every,
    limitBytesPerSecond: table.limit,
    timeoutMs: table.timeout_seconds * 1000,
    deadlineMs: table.deadline_minutes * 60_000,
    identityFile: identity,
    passwordFile,
    identityPath: () => secretPath({ environment, credential: 'ship-identity', file: identity }),
    readPassword: () =>
      readSecret({
        environment,
        credential: 'ship-password',
        file: passwordFile,
        variable: 'RSYNC_PASSWORD',
      }),
  };
}

// delta-receive cert: the certificate that the service shows. It signs itself, and senders pin its fingerprint.
import { hostname, networkInterfaces } from 'node:os';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { OpsError, systemError } from '../../lib/base/errors.ts';
import { writeFileAtomically } from '../../lib/files/durable.ts';
import { createDirectories } from '../../lib/files/make-directories.ts';
import { fingerprintOfPem, makeCertificate } from '../../lib/http/certificate.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { requireReceive } from './steps/which-replica.ts';
import { readPem } from '../../lib/http/pem.ts';

interface CertResult {
  made: boolean;
  certificate: string;
  privateKey: string;
  fingerprint: string;
  names: string[];
}

export async function run(
  context: JobContext,
  { name, force }: Options<typeof parameters.cert>,
): Promise<Outcome<CertResult>> {
  const { tls } = requireReceive(context.config);
  if (tls === undefined)
    throw new OpsError('config', 'cannot make a certificate: [receive] does not say where', {
      hint: 'add certificate and private_key, such as "/etc/holdfast/receive/certificate.pem" and "/etc/holdfast/receive/private-key.pem"',
    });
  const { certificate, key: privateKey } = tls;
  const isThere = existsSync(certificate) || existsSync(privateKey);
  if (isThere && !force) return { result: standing(certificate, privateKey), findings: [] };
  const names = namesOf(name);
  const made = await makeCertificate(names, context.clock.now());
  for (const path of [certificate, privateKey]) await createDirectories(dirname(path));
  // The key first: a certificate without its key would be taken for one that can be used.
  await writeFileAtomically(privateKey, made.privateKey, { mode: 0o600, toOwner: true });
  await writeFileAtomically(certificate, made.certificate, { toOwner: true });
  return {
    result: { made: true, certificate, privateKey, fingerprint: `sha256:${made.fingerprint}`, names },
    findings: [],
  };
}

export function text({ made, certificate, fingerprint, names }: CertResult): string[] {
  return [
    made
      ? `made ${certificate}, for ${names.join(', ')}`
      : `${certificate} is there already, and stays (--force makes a new one)`,
    `senders pin it: pin = "${fingerprint}"`,
    ...(made ? ['a service that runs has to be started again: systemctl restart delta-receive'] : []),
  ];
}

function standing(certificate: string, privateKey: string): CertResult {
  try {
    const fingerprint = `sha256:${fingerprintOfPem(readPem(certificate).toString('utf8'))}`;
    return { made: false, certificate, privateKey, fingerprint, names: [] };
  } catch (error) {
    const hint = 'make a new one, and tell every sender its fingerprint: delta-receive cert --force';
    if (
      error instanceof Error &&
      'code' in error &&
      String(error.code).startsWith('E') &&
      !String(error.code).startsWith('ERR_')
    )
      throw systemError(`read the certificate ${certificate}`, error, { hint });
    throw new OpsError('damaged', `cannot read the certificate ${certificate}: it is none`, {
      hint,
      cause: error,
    });
  }
}

function namesOf(given: string | undefined): string[] {
  if (given === undefined) return [hostname(), 'localhost', ...addresses()];
  const names = given.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !/^[A-Za-z0-9.:_-]{1,253}$/.test(name));
  if (wrong === undefined) return names;
  throw new OpsError(
    'usage',
    `cannot make a certificate for ${JSON.stringify(wrong)}: it is neither a name nor an address`,
    {
      hint: 'for example: delta-receive cert --name reports.lan,192.168.1.9',
    },
  );
}

/** Those of this machine that another may know it by. */
function addresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((interfaces) => interfaces ?? []);
  return all.filter(({ scopeid }) => (scopeid ?? 0) === 0).map(({ address }) => address);
}

// delta-serve cert: a certificate that signs itself, where the configuration wants one, and what its readers pin.
import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { OpsError } from '../../lib/base/errors.ts';
import { shellWord } from '../../lib/base/shell-word.ts';
import { writeFileAtomically } from '../../lib/files/durable.ts';
import { makeCertificate } from '../../lib/http/certificate.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { servedApp } from './steps/served-app.ts';

interface NewCertificate {
  certificate: string;
  privateKey: string;
  /** `sha256:` and 64 hex digits. */
  fingerprint: string;
}

export async function run(
  context: JobContext,
  { app: name }: Options<typeof parameters.cert>,
): Promise<Outcome<NewCertificate>> {
  const { name: app, serve } = servedApp(context, name);
  if (serve.tls === undefined)
    throw new OpsError('config', `cannot make a certificate: apps.${app}.serve does not say where it goes`, {
      hint: 'write certificate and private_key there, such as "/etc/holdfast/serve.pem" and "/etc/holdfast/serve.key"',
    });
  const { certificate, key } = serve.tls;
  for (const path of [certificate, key])
    if (existsSync(path))
      throw new OpsError(
        'refused',
        `cannot make a certificate: ${path} is there, and its readers have pinned it`,
        {
          hint: `to make another one, remove both first: rm ${shellWord(certificate)} ${shellWord(key)}`,
        },
      );
  const own = isIP(serve.host) !== 0 && ['0.0.0.0', '::'].includes(serve.host) ? [] : [serve.host];
  const made = await makeCertificate([context.host, ...own, 'localhost', '127.0.0.1'], context.clock.now());
  await writeFileAtomically(key, made.privateKey, { mode: 0o600 });
  await writeFileAtomically(certificate, made.certificate, { mode: 0o644 });
  return {
    result: { certificate, privateKey: key, fingerprint: `sha256:${made.fingerprint}` },
    findings: [],
  };
}

export function text({ certificate, privateKey, fingerprint }: NewCertificate): string[] {
  return [
    `${certificate} and ${privateKey}`,
    `its readers pin ${fingerprint}; a delta-serve that runs has to be started anew for it`,
  ];
}

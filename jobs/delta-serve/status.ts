// delta-serve status: what is served, to whom, and by which certificate the master is known.
import { X509Certificate } from 'node:crypto';
import { systemError } from '../../lib/base/errors.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { servedApp } from './steps/served-app.ts';
import { readPem } from '../../lib/http/pem.ts';

interface ServeStatus {
  app: string;
  address: string;
  /** `sha256:` and 64 hex digits; undefined for plain HTTP. */
  fingerprint: string | undefined;
  readers: string[];
  schemaVersion: string;
  tables: string[];
  /** Those whose changes cannot be told. */
  fullOnly: readonly string[];
}

export async function run(
  context: JobContext,
  { app: name }: Options<typeof parameters.status>,
): Promise<Outcome<ServeStatus>> {
  const app = servedApp(context, name);
  const { host, port, tls, keys } = app.serve;
  const serving = (await context.servedDatabase(app)).open();
  try {
    const { version, tables, fullOnly } = await serving.schema();
    const result = {
      app: app.name,
      address: `${tls === undefined ? 'http' : 'https'}://${host}:${port}`,
      fingerprint: tls && fingerprintOf(tls.certificate),
      readers: [...keys.values()],
      schemaVersion: version,
      tables: tables.map((shape) => shape.name),
      fullOnly,
    };
    return { result, findings: [] };
  } finally {
    serving.close();
  }
}

function fingerprintOf(path: string): string {
  try {
    const { fingerprint256 } = new X509Certificate(readPem(path));
    return `sha256:${fingerprint256.replaceAll(':', '').toLowerCase()}`;
  } catch (error) {
    throw systemError(`read the certificate ${path}`, error, { hint: 'delta-serve cert makes one' });
  }
}

export function text({ app, address, fingerprint, readers, tables, fullOnly }: ServeStatus): string[] {
  return [
    `${app}: ${address}`,
    ...(fingerprint === undefined ? [] : [`  certificate  ${fingerprint}`]),
    `  readers      ${readers.length === 0 ? 'nobody' : readers.join(', ')}`,
    `  tables       ${tables.join(', ')}`,
    ...(fullOnly.length === 0 ? [] : [`  in full only ${fullOnly.join(', ')}`]),
  ];
}

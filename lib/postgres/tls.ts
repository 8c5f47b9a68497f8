// How a connection is protected, in the words that PostgreSQL's own programs have for it (sslmode).
import type { ConnectionOptions } from 'node:tls';
import { systemError } from '../base/errors.ts';
import { shellWord } from '../base/shell-word.ts';
import { readSmallFileSync } from '../files/read-small-file.ts';
import type { PostgresTarget, SslMode } from '../health/postgres-target.ts';

const certificatesBytesMax = 1024 * 1024;

/** Whether the server may do without TLS. */
export function isOptional(mode: SslMode): boolean {
  return mode === 'allow' || mode === 'prefer';
}

/**
 * What is asked of the certificate; undefined where there is no TLS. As with PostgreSQL's own programs `require` takes any
 * certificate unless an authority is named, and `verify-ca` one with any name; without one the authorities are Node's.
 */
export function tlsOptions(mode: SslMode, authority: Buffer | undefined): ConnectionOptions | undefined {
  if (mode === 'disable') return undefined;
  const ca = authority === undefined ? {} : { ca: authority };
  if (mode === 'verify-full') return { ...ca, rejectUnauthorized: true };
  const isVerified = mode === 'verify-ca' || (mode === 'require' && authority !== undefined);
  return isVerified
    ? { ...ca, rejectUnauthorized: true, checkServerIdentity: () => undefined }
    : { rejectUnauthorized: false };
}

/** The certificates of the authorities that a target names; undefined for the usual ones. Throws OpsError. */
export function authorityOf({ rootCertificate }: PostgresTarget): Buffer | undefined {
  if (rootCertificate === undefined) return undefined;
  try {
    return readSmallFileSync(rootCertificate, { sizeBytesMax: certificatesBytesMax, follow: true });
  } catch (error) {
    throw systemError(`read the certificates in ${rootCertificate}`, error, {
      hint: `it is what sslrootcert names: ls -l ${shellWord(rootCertificate)}`,
    });
  }
}

// How a connection is protected, in the words that PostgreSQL's own programs have for it (sslmode).
import type { ConnectionOptions } from 'node:tls';
import type { SslMode } from '../health/postgres-target.ts';

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

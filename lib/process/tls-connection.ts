// A TLS connection to an endpoint: that it is the right one is known before a byte goes out.
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { errorCode } from '../base/errors.ts';

export interface TlsTarget {
  url: URL;
  signal: AbortSignal;
  /** `pinned`: the one certificate with this SHA-256; `trusted`: by who the machine trusts; `any`: only to look at it. */
  proof: { kind: 'pinned'; sha256: string } | { kind: 'trusted' } | { kind: 'any' };
  /** Where etc/ is. */
  root: string;
  /** Makes the connection that TLS goes over, a new one for each try; straight to the host of `url` unless given. */
  over?: (() => Promise<Socket>) | undefined;
}

/** The certificate is not the one that was pinned. */
export class OtherCertificate extends Error {
  readonly sha256: string;

  constructor(sha256: string) {
    super('another certificate');
    this.name = 'OtherCertificate';
    this.sha256 = sha256;
  }
}

/** What Node says of a certificate whose issuer it does not know: the machine may. */
const unknownIssuers = [
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
];

/**
 * Connects. Whoever Node trusts is trusted, and whom the machine was told to trust (update-ca-certificates). Rejects with
 * OtherCertificate, Node's own errors, and the signal's reason on abort. The socket is the caller's to destroy.
 */
export async function connectTls(target: TlsTarget): Promise<TLSSocket> {
  try {
    return await attempt(target, undefined);
  } catch (error) {
    const isUnknown = target.proof.kind === 'trusted' && unknownIssuers.includes(errorCode(error) ?? '');
    const roots = isUnknown ? rootsOfTheMachine(target.root) : undefined;
    if (roots === undefined) throw error;
    return attempt(target, roots);
  }
}

/** Takes some milliseconds to read, so only where it is needed; undefined where there is none. */
function rootsOfTheMachine(root: string): Buffer | undefined {
  try {
    return readFileSync(join(root, 'etc/ssl/certs/ca-certificates.crt'));
  } catch {
    return undefined;
  }
}

async function attempt({ url, signal, proof, over }: TlsTarget, ca: Buffer | undefined): Promise<TLSSocket> {
  const host = hostOf(url);
  const carrier = await over?.();
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = connect({
      ...(carrier === undefined ? { host, port: Number(url.port || 443) } : { socket: carrier, host }),
      ...(isAddress(host) ? {} : { servername: host }),
      ALPNProtocols: ['http/1.1'],
      // A pinned certificate is compared below; one that is only looked at may be anybody's.
      rejectUnauthorized: proof.kind === 'trusted',
      ...(ca === undefined ? {} : { ca }),
    });
    const fail = (error: Error) => {
      socket.destroy();
      reject(error);
    };
    const onAbort = () => fail(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', fail); // also later: whoever uses it is told by its own listener
    socket.once('close', () => fail(new Error('the connection was closed')));
    socket.once('secureConnect', () => {
      signal.removeEventListener('abort', onAbort);
      const shown = fingerprintOf(socket);
      if (proof.kind === 'pinned' && shown !== proof.sha256) fail(new OtherCertificate(shown));
      else resolve(socket);
    });
  });
}

/** SHA-256 of the certificate that the other side shows, as 64 hex digits. */
function fingerprintOf(socket: TLSSocket): string {
  const { fingerprint256 = '' } = socket.getPeerCertificate() as Partial<DetailedPeerCertificate>;
  return fingerprint256.replaceAll(':', '').toLowerCase();
}

/** The name or address, without the brackets of IPv6. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function isAddress(host: string): boolean {
  return host.includes(':') || /^\d+\.\d+\.\d+\.\d+$/.test(host);
}

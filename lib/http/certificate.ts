// A certificate that signs itself: whoever is told its fingerprint by hand needs nobody to vouch for it.
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { generate } from 'selfsigned';

export interface OwnCertificate {
  /** PEM, both. */
  readonly certificate: string;
  readonly privateKey: string;
  /** SHA-256 of its DER, 64 hex digits: what senders pin. */
  readonly fingerprint: string;
}

/** A pinned certificate gains nothing by running out, and nobody is there on the day when it would. */
const years = 20;
/** A clock that is a little behind takes it as well. */
const beforeMs = 24 * 3600_000;

/** EC P-256, for these names and addresses; the first is its common name. */
export async function makeCertificate(names: readonly string[], now: Date): Promise<OwnCertificate> {
  const notAfter = new Date(now);
  notAfter.setUTCFullYear(now.getUTCFullYear() + years);
  const made = await generate([{ name: 'commonName', value: (names[0] ?? 'holdfast').slice(0, 64) }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(now.getTime() - beforeMs),
    notAfterDate: notAfter,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: names.map(altName) },
    ],
  });
  return {
    certificate: made.cert,
    privateKey: made.private,
    fingerprint: fingerprintOfPem(made.cert),
  };
}

/** SHA-256 of the first certificate of a PEM file. Throws where there is none. */
export function fingerprintOfPem(pem: string): string {
  return new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase();
}

function altName(name: string) {
  return isIP(name) === 0 ? ({ type: 2, value: name } as const) : ({ type: 7, ip: name } as const);
}

// Measures how long the certificates are good that https endpoints show, and those in files.
import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, PeerCertificate } from 'node:tls';
import { errorMessage, OpsError } from '../base/errors.ts';
import { shellWord } from '../base/shell-word.ts';
import type { CertificateFacts } from '../health/certificate.ts';
import { askProgram } from '../process/abandon.ts';
import { connectTls } from '../process/tls-connection.ts';
import { endpointNamed, shownAddress } from './http.ts';
import type { Probe, ProbeContext } from './probe.ts';

const fileBytesMax = 60_000;
const fileMs = 5000;
const certificatesMax = 200;

export const certificateProbe: Probe<CertificateFacts> = {
  timeoutMs: 35_000,
  subjects: ({ config: { health } }) => [
    ...health.endpoints.filter(({ url }) => url.startsWith('https:')).map(({ name }) => name),
    ...health.certificateFiles,
  ],
  measure: (context, subject) =>
    subject.startsWith('/') ? ofFile(context, subject) : ofEndpoint(context, subject),
};

/** When a certificate begins and ends to be good, in milliseconds since 1970. */
interface Validity {
  from: number;
  to: number;
}

async function ofEndpoint(context: ProbeContext, name: string): Promise<CertificateFacts> {
  const { url, timeoutMs } = endpointNamed(context, name);
  const target = new URL(url);
  const key = `certificate/${name}`;
  const show = `openssl s_client -connect ${shellWord(target.host + (target.port === '' ? ':443' : ''))} </dev/null | openssl x509 -noout -dates -issuer`;
  const known = await shownValidity(context, target, timeoutMs);
  // Whether it answers is the question of another check: what was seen last is still true.
  const validity = known ?? remembered(context.recall(key), url);
  if (validity === undefined)
    throw new OpsError('unavailable', `cannot see the certificate of ${shownAddress(url)}: no connection`, {
      hint: 'what health-check says of http tells why',
    });
  if (known !== undefined) context.remember(key, JSON.stringify({ url, ...known }));
  return { name: target.host, validFrom: new Date(validity.from), validTo: new Date(validity.to), show };
}

/** Of all that it shows; undefined where there is no connection. */
async function shownValidity(
  { signal, root }: ProbeContext,
  url: URL,
  timeoutMs: number,
): Promise<Validity | undefined> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const socket = await connectTls({ url, signal: limit, proof: { kind: 'any' }, root });
    try {
      return narrowest(chainOf(socket.getPeerCertificate(true)).map(validityOf));
    } finally {
      socket.destroy();
    }
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/** The certificate and those of its issuers that came with it. Of a root that came along the end does not matter. */
function chainOf(certificate: DetailedPeerCertificate): PeerCertificate[] {
  const chain: PeerCertificate[] = [];
  let at: DetailedPeerCertificate | undefined = certificate;
  while (
    at !== undefined &&
    Object.keys(at).length > 0 &&
    !chain.includes(at) &&
    chain.length < certificatesMax
  ) {
    const issuer: DetailedPeerCertificate = at.issuerCertificate;
    const isRoot: boolean = issuer === at;
    if (!isRoot || chain.length === 0) chain.push(at);
    at = isRoot ? undefined : issuer;
  }
  return chain;
}

function validityOf({ valid_from, valid_to }: { valid_from: string; valid_to: string }): Validity {
  return { from: Date.parse(valid_from), to: Date.parse(valid_to) };
}

/** The time in which all of them are good; undefined of none. */
function narrowest(all: readonly Validity[]): Validity | undefined {
  const dated = all.filter(({ from, to }) => Number.isFinite(from) && Number.isFinite(to));
  if (dated.length === 0) return undefined;
  return { from: Math.max(...dated.map(({ from }) => from)), to: Math.min(...dated.map(({ to }) => to)) };
}

function remembered(text: string | undefined, url: string): Validity | undefined {
  const known = text === undefined ? undefined : (JSON.parse(text) as Validity & { url: string });
  return known?.url === url ? known : undefined;
}

/** Read by a program that can be given up: the file may lie on a disk that is gone. */
async function ofFile({ signal }: ProbeContext, path: string): Promise<CertificateFacts> {
  const act = `read the certificate ${path}`;
  const { stdout } = await askProgram('head', ['-c', String(fileBytesMax), '--', path], {
    timeoutMs: fileMs,
    signal,
  }).catch((error: unknown) => {
    if (!(error instanceof OpsError)) throw error;
    throw new OpsError(error.kind, `cannot ${act}: ${causeOf(error)}`, {
      hint: `it must be a file that the user of health-check may read: ls -lL ${shellWord(path)}`,
    });
  });
  const validity = narrowest(certificatesIn(stdout, act));
  if (validity === undefined)
    throw new OpsError('config', `cannot ${act}: no certificate in PEM form is in it`);
  const show = `openssl x509 -noout -dates -subject -in ${shellWord(path)}`;
  return { name: path, validFrom: new Date(validity.from), validTo: new Date(validity.to), show };
}

/** What `head` says after the name of the file, which stands in our own message. */
function causeOf({ message }: OpsError): string {
  const said = message.replace(/^cannot ask head: /, '');
  return said.startsWith('head: ') ? (said.split(': ').at(-1) ?? said) : said;
}

const pem = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s\S]*?-----END (?:TRUSTED )?CERTIFICATE-----/g;

function certificatesIn(text: string, act: string): Validity[] {
  return [...text.matchAll(pem)].slice(0, certificatesMax).map(([one]) => {
    try {
      const { validFrom, validTo } = new X509Certificate(one);
      return { from: Date.parse(validFrom), to: Date.parse(validTo) };
    } catch (error) {
      throw new OpsError('damaged', `cannot ${act}: ${errorMessage(error)}`);
    }
  });
}

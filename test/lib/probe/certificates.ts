// Certificates, made with openssl as people make them.
import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratch } from '../../support/scratch.ts';

export interface Made {
  key: Buffer;
  cert: Buffer;
  /** Where it lies. */
  path: string;
  /** SHA-256, 64 hex digits. */
  fingerprint: string;
  /** Of the directory in which the machine's own authorities would be with this one among them. */
  root: string;
}

/** Signs itself, for `localhost` and 127.0.0.1, unless another name is given. */
export function selfSigned({
  days = 30,
  name = 'IP:127.0.0.1,DNS:localhost',
}: { days?: number; name?: string } = {}): Made {
  const root = scratch();
  const directory = join(root, 'etc/ssl/certs');
  execFileSync('mkdir', ['-p', directory]);
  const [key, path] = [join(root, 'key.pem'), join(directory, 'ca-certificates.crt')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...[
        '-keyout',
        key,
        '-out',
        path,
        '-days',
        String(days),
        '-subj',
        '/CN=test',
        '-addext',
        `subjectAltName=${name}`,
      ],
    ],
    { stdio: 'ignore' },
  );
  const cert = readFileSync(path);
  const fingerprint = createHash('sha256').update(new X509Certificate(cert).raw).digest('hex');
  return { key: readFileSync(key), cert, path, fingerprint, root };
}

// One small request to a server of ours, from the outside: what its watchdog, and who asks whether it runs, go by.
import { request } from 'node:http';
import type { ReceiveConfig } from '../config/delta-config.ts';
import { fingerprintOfPem } from './certificate.ts';
import { OneConnection } from './connection.ts';
import { readPem } from './pem.ts';

/** Resolves when it answers that it is well. Rejects otherwise, and when the signal aborts. */
export async function askHealth(
  { host, port, tls }: Pick<ReceiveConfig, 'host' | 'port' | 'tls'>,
  signal: AbortSignal,
): Promise<void> {
  const to = new URL(`${tls === undefined ? 'http' : 'https'}://${reachable(host)}:${port}`);
  const pin = tls === undefined ? undefined : fingerprintOfPem(readPem(tls.certificate).toString('utf8'));
  const agent = new OneConnection({ to, pin }, () => signal);
  try {
    await new Promise<void>((resolve, reject) => {
      const asking = request({ agent, host: to.hostname, port, path: '/health', signal }, (response) => {
        response.resume();
        if (response.statusCode === 200) resolve();
        else reject(new Error(`/health answers ${response.statusCode}`));
      });
      asking.on('error', reject).end();
    });
  } finally {
    agent.destroy();
  }
}

/** Who listens everywhere listens here as well. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

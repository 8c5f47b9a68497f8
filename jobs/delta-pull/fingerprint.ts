// delta-pull fingerprint: which certificate the master shows now. That it is the master's says only the master itself.
import { OpsError } from '../../lib/base/errors.ts';
import { networkReason } from '../../lib/base/network-reason.ts';
import { proxyFor } from '../../lib/config/sections/proxy.ts';
import { connectThrough } from '../../lib/http/proxy-tunnel.ts';
import { connectTls } from '../../lib/process/tls-connection.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { chosenPull } from './steps/chosen-pull.ts';

interface Shown {
  master: string;
  /** `sha256:` and 64 hex digits. */
  fingerprint: string;
  pinned: boolean;
}

export async function run(
  { config, signal }: JobContext,
  { pull: name }: Options<typeof parameters.fingerprint>,
): Promise<Outcome<Shown>> {
  const { from, pin, timeoutMs } = chosenPull(config, name);
  if (from.protocol !== 'https:')
    throw new OpsError('usage', `cannot look at a certificate of ${from.origin}: it is asked without one`);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const proxy = proxyFor(config.proxy, from);
    const over = proxy && (() => connectThrough(proxy, from, limit));
    const socket = await connectTls({ url: from, signal: limit, proof: { kind: 'any' }, root: '/', over });
    const sha256 = (socket.getPeerCertificate().fingerprint256 ?? '').replaceAll(':', '').toLowerCase();
    socket.destroy();
    const result = { master: from.origin, fingerprint: `sha256:${sha256}`, pinned: pin === sha256 };
    return { result, findings: [] };
  } catch (error) {
    signal.throwIfAborted();
    throw new OpsError('unavailable', `cannot reach ${from.origin}: ${networkReason(error)}`, {
      cause: error,
    });
  }
}

export function text({ master, fingerprint, pinned }: Shown): string[] {
  return pinned
    ? [`${fingerprint}`, `it is the one that is pinned for ${master}`]
    : [
        `${fingerprint}`,
        `compare it with what the master says itself: delta-serve status there; then pin it`,
      ];
}

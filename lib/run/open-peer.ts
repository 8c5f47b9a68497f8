// The receiver of an app's row changes, with the key that it knows us by.
import { OpsError } from '../base/errors.ts';
import type { Clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import type { DeltaConfig } from '../config/delta-config.ts';
import { proxyFor } from '../config/sections/proxy.ts';
import type { Peer } from '../delta/peer.ts';
import { createPeer } from '../http/client.ts';
import type { Wait } from './wait.ts';

/** Throws OpsError `config` where no key is given, and `denied` for a file with one that others may read. Asks nothing yet. */
export function openPeer(
  { to, source, pin, timeoutMs, limitBytesPerSecond, keyFile, readKey }: DeltaConfig,
  {
    config,
    clock,
    wait,
    signal,
  }: { config: Pick<Config, 'proxy'>; clock: Clock; wait: Wait; signal: AbortSignal },
): Peer & Disposable {
  const hint = `on the receiver: delta-receive key add ${source}; then put what it prints into ${keyFile ?? 'a file, and name that with key_file'}, mode 600`;
  const key = keyOf(readKey, hint);
  if (key === undefined)
    throw new OpsError('config', `cannot push to ${to.host}: no key is given by which it would know us`, {
      hint,
    });
  const proxy = proxyFor(config.proxy, to);
  const peer = createPeer({ to, pin, proxy, key, timeoutMs, limitBytesPerSecond, clock, wait, signal });
  return { ...peer, [Symbol.dispose]: () => peer.close() };
}

/** A file that is not there yet is a key that nobody has asked for yet. */
function keyOf(readKey: () => string | undefined, hint: string): string | undefined {
  try {
    return readKey();
  } catch (error) {
    if (!(error instanceof OpsError) || error.kind !== 'missing') throw error;
    throw new OpsError('missing', error.message, { hint, cause: error });
  }
}

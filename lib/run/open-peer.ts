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
  { to, pin, timeoutMs, limitBytesPerSecond, keyFile, readKey }: DeltaConfig,
  {
    config,
    clock,
    wait,
    signal,
  }: { config: Pick<Config, 'proxy'>; clock: Clock; wait: Wait; signal: AbortSignal },
): Peer & Disposable {
  const key = readKey();
  if (key === undefined)
    throw new OpsError('config', `cannot push to ${to.host}: no key is given by which it would know us`, {
      hint: `on the receiver: delta-receive key add <source>; then put what it prints into ${keyFile ?? 'a file, and name that with key_file'}`,
    });
  const proxy = proxyFor(config.proxy, to);
  const peer = createPeer({ to, pin, proxy, key, timeoutMs, limitBytesPerSecond, clock, wait, signal });
  return { ...peer, [Symbol.dispose]: () => peer.close() };
}

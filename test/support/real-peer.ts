// The other side of row changes over HTTP as a sender opens it, in time that is real, and never waiting on purpose.
import { systemClock } from '../../lib/base/clock.ts';
import { createPeer, type PeerOptions } from '../../lib/http/client.ts';

/** The caller closes it. */
export function realPeer(options: Pick<PeerOptions, 'to' | 'key'> & Partial<PeerOptions>) {
  return createPeer({
    pin: undefined,
    timeoutMs: 10_000,
    limitBytesPerSecond: undefined,
    clock: systemClock,
    wait: async () => undefined,
    signal: new AbortController().signal,
    ...options,
  });
}

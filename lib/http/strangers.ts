// Who asks without a key that is known: how often an address may, and how many of its connections are kept. Whoever has a key
// is never slowed by what others do at the same address.
import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { Budgets, neighbourhood } from './limits.ts';

/** Of one address. */
const budget = { perSecond: 1, burst: 30 };
/** So often it is told at most that somebody tries keys. */
const tellEveryMs = 10 * 60_000;
/** When to ask again whoever has asked too often. */
export const strangerRetrySeconds = 30;

export interface Strangers {
  /** A connection: closed at once where so many of its address have shown no key yet. */
  connected(socket: Socket): void;
  /** It has shown a key that is known. `socket` may be the TLS that lies around it. */
  known(socket: Socket): void;
  /** One more question without one. False where the address has asked too often to be told why it is refused. */
  ask(address: string): boolean;
}

/** `connectionsMax` is of one address; undefined where all connections are those of a proxy. */
export function createStrangers({
  connectionsMax = Infinity,
  clock,
  log,
}: {
  connectionsMax: number | undefined;
  clock: Clock;
  log: Log;
}): Strangers {
  const budgets = new Budgets(budget, clock);
  const unknown = createUnknownConnections(connectionsMax);
  const tell = createTeller(clock, log);
  return {
    connected(socket) {
      if (!unknown.add(socket)) socket.destroy();
    },
    known: unknown.remove,
    ask(address) {
      const from = neighbourhood(address);
      tell(from);
      return budgets.take(from);
    },
  };
}

/** The connections that have shown no key yet, by where they come from: so many each, and no more. */
function createUnknownConnections(connectionsMax: number) {
  const counts = new Map<string, number>();
  const homes = new WeakMap<object, string>();
  const change = (from: string, by: number) => {
    const count = (counts.get(from) ?? 0) + by;
    if (count > 0) counts.set(from, count);
    else counts.delete(from);
  };
  const forget = (socket: object) => {
    const from = homes.get(socket);
    homes.delete(socket);
    if (from !== undefined) change(from, -1);
  };
  return {
    add(socket: Socket): boolean {
      const from = neighbourhood(socket.remoteAddress ?? '');
      if ((counts.get(from) ?? 0) >= connectionsMax) return false;
      change(from, 1);
      homes.set(socket, from);
      socket.once('close', () => forget(socket));
      return true;
    },
    remove(socket: Socket): void {
      forget(socket);
      const inner = (socket as { _parent?: object | null })._parent;
      if (inner !== undefined && inner !== null) forget(inner);
    },
  };
}

function createTeller(clock: Clock, log: Log): (from: string) => void {
  let toldAtMs = -Infinity;
  let requests = 0;
  return (from) => {
    requests += 1;
    if (clock.monotonicMs() - toldAtMs < tellEveryMs) return;
    log.warn('somebody asked without a key that is known', { from, requests });
    toldAtMs = clock.monotonicMs();
    requests = 0;
  };
}

// What a run costs on the network, for its report.
import type { StoreTraffic } from '../store.ts';

/** Counted over the life of one opened store. */
export type Traffic = StoreTraffic;

/** Nothing yet. */
export function noTraffic(): Traffic {
  return { requests: 0, sentBytes: 0, receivedBytes: 0, retries: 0, waitedMs: 0 };
}

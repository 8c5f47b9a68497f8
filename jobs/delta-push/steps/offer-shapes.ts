// What tables are like is told to the receiver before their rows: where it has not taken one, nothing of that table travels,
// and all of it once it has.
import { createHash } from 'node:crypto';
import { fingerprint } from '../../../lib/delta/shape.ts';
import type { Capture } from '../../../lib/delta/capture.ts';
import type { Peer } from '../../../lib/delta/peer.ts';
import type { SenderRecord } from '../../../lib/delta/sender-record.ts';

/** Tells it where that is news, or where some were refused the last time. Returns the record with what it said. */
export async function offerShapes(
  { capture, peer }: { capture: Capture; peer: Peer },
  record: SenderRecord,
): Promise<SenderRecord> {
  const shapes = capture.tables().flatMap(({ shape, state }) => (state === 'retired' ? [] : [shape]));
  const { epoch = '' } = capture.state();
  const offered = createHash('sha256')
    .update([epoch, ...shapes.map(fingerprint)].join())
    .digest('hex')
    .slice(0, 32);
  if (offered === record.offered && record.refusedTables.length === 0) return record;
  const { refused, kept } = await peer.offer(shapes);
  capture.refuse(refused);
  return { ...record, offered, refusedTables: refused, keptColumns: kept };
}

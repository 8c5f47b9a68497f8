// The first line of the next batch: by what this database holds, what its sender remembers, and where the receiver is.
import type { Clock } from '../../../lib/base/clock.ts';
import type { SourceState } from '../../../lib/delta/agreement.ts';
import type { BatchHeader } from '../../../lib/delta/batch.ts';
import type { Capture, Collected } from '../../../lib/delta/capture.ts';
import { makeLink } from '../../../lib/delta/lineage.ts';
import type { SenderRecord } from '../../../lib/delta/sender-record.ts';
import { randomHex } from './sender-files.ts';

/** Where the receiver is when a batch is made. */
export type Reached = Pick<SourceState, 'epoch' | 'lineage' | 'batchNo'>;

export function nextHeader(
  { capture, clock, source }: { capture: Capture; clock: Clock; source: string },
  made: { collected: Collected; record: SenderRecord; receiver: Reached },
): BatchHeader {
  const { collected, receiver } = made;
  const { instance, secret, links } = made.record;
  const { epoch = '', nonce } = capture.state();
  return {
    source,
    instance,
    lineage: makeLink(secret, links + 1, randomHex(8)),
    heldLineage: receiver.lineage,
    epoch,
    replaces: epoch === receiver.epoch ? undefined : receiver.epoch,
    // By what the receiver has, which may be more than this database knows of.
    batchNo: epoch === receiver.epoch ? receiver.batchNo + 1 : 1,
    heldNonce: nonce,
    toSeq: collected.toSeq,
    takenAt: clock.now().toISOString(),
    tables: collected.tables,
    range: collected.range,
    resyncing: isWalking(capture, collected),
  };
}

/** Whether anything is left of a walk behind this batch. */
function isWalking(capture: Capture, { range, tables }: Collected): boolean {
  const ended = range !== undefined && range.through === undefined ? tables[range.table]?.name : undefined;
  return capture.tables().some(({ state, shape }) => state === 'walk' && shape.name !== ended);
}

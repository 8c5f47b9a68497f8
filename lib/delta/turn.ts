// Whose turn a batch is: decided by what only its sender and the receiver can know of one another, never by a number alone.
import type { SourceState } from './agreement.ts';
import type { BatchHeader, BatchResult } from './batch.ts';
import { ProtocolRefusal } from './refusal.ts';

/** What a receiver remembers of a batch that it applied. */
export interface AppliedBatch {
  readonly sha256: string;
  /** Undefined where it is too long ago. */
  readonly result: BatchResult | undefined;
}

/** `answer`: it was applied before. `apply`: it is the next. */
export type Turn =
  | { readonly do: 'answer'; readonly result: BatchResult }
  | {
      readonly do: 'apply';
      readonly beginsEpoch: boolean;
      /** Whether the sender was seen to hold the current nonce: then what came before it is confirmed. */
      readonly confirms: boolean;
    };

/** `known`: what is remembered of a batch with the same number in the same epoch. Throws ProtocolRefusal. */
export function turnOf(
  { header, sha256 }: { readonly header: BatchHeader; readonly sha256: string },
  state: SourceState,
  known: AppliedBatch | undefined,
): Turn {
  const refuse = (reason: 'state' | 'differs' | 'fork', why: string) =>
    new ProtocolRefusal(reason, `batch ${header.batchNo} of ${header.source} is not taken: ${why}`, state);
  if (state.instance !== undefined && state.instance !== header.instance)
    throw refuse('fork', 'another machine sends under this name');
  if (header.epoch === state.epoch && header.batchNo <= state.batchNo) {
    if (known === undefined) throw refuse('state', `the last one that was taken is ${state.batchNo}`);
    if (known.sha256 !== sha256) throw refuse('differs', 'one of this number was taken, with other bytes');
    if (known.result !== undefined) return { do: 'answer', result: known.result };
    throw refuse('state', 'it was taken too long ago to be answered again');
  }
  if (header.heldLineage !== state.lineage) throw refuse('state', 'it does not follow the last one');
  if (header.epoch !== state.epoch) {
    if (known !== undefined) throw refuse('state', 'it is of a stream that has ended');
    const isFirst = header.batchNo === 1 && header.replaces === state.epoch;
    if (!isFirst) throw refuse('state', 'it is of a stream that has not begun here');
    if (header.heldNonce !== undefined) throw refuse('state', 'a stream begins without a nonce');
    return { do: 'apply', beginsEpoch: true, confirms: false };
  }
  if (header.batchNo !== state.batchNo + 1)
    throw refuse('state', `the next one has the number ${state.batchNo + 1}`);
  const confirms = header.heldNonce !== undefined && header.heldNonce === state.nonce;
  // Neither the nonce it was given last nor the one before which nothing was lost: its database was put back further.
  if (!confirms && (header.heldNonce === undefined || header.heldNonce !== state.confirmedNonce))
    throw refuse('state', 'its database was put back to before the last batch that is known to have arrived');
  return { do: 'apply', beginsEpoch: false, confirms };
}

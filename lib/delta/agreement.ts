// Where two sides stand that may each have been put back: decided by what only the other side can have given, never by
// comparing numbers of rows or of batches.
import { countOfLink } from './lineage.ts';

/** What the sender knows. */
export interface SenderPosition {
  readonly instance: string;
  /** By which its links are known. */
  readonly secret: string;
  /** The link of the last batch that was acknowledged; undefined before the first. */
  readonly lineage: string | undefined;
  /** The link of a batch made after it, of which nobody knows whether it was applied; undefined for none. */
  readonly pending: string | undefined;
  /** What its database holds: put back with it. */
  readonly epoch: string | undefined;
  readonly nonce: string | undefined;
}

/** What the receiver knows of a source, as it says it. */
export interface SourceState {
  readonly source: string;
  /** Undefined where it never sent anything. */
  readonly instance: string | undefined;
  readonly lineage: string | undefined;
  readonly epoch: string | undefined;
  /** Of the last batch that was applied; 0 for none in this epoch. */
  readonly batchNo: number;
  readonly nonce: string | undefined;
  /** The last nonce that the sender was seen to hold. */
  readonly confirmedNonce: string | undefined;
  /** How many keys were applied since then. */
  readonly unconfirmedKeys: number;
  /** Of the last batch: all keys logged up to there have arrived. */
  readonly highWater: number;
}

/**
 * `first`: the receiver knows nothing of us. `agreed`: go on from where the database stands. `reread`: replies or a few
 * commits were lost; go on, and read all unconfirmed keys once more. `resync`: one side was put back: a new epoch, and a
 * walk through everything. `fork`: somebody else sends under this name, or the state of this machine was put back or copied:
 * nothing may be sent before a person decides.
 */
export type Agreement = 'first' | 'agreed' | 'reread' | 'resync' | 'fork';

/** More keys than this are not asked for one by one. */
export const unconfirmedKeysMax = 50_000;

/** Where both stand, once the sender has sent again what it had made and not seen acknowledged. */
export function agreementOf(sender: SenderPosition, receiver: SourceState): Agreement {
  if (receiver.instance === undefined || receiver.lineage === undefined) return 'first';
  if (receiver.instance !== sender.instance) return 'fork';
  const isOurs = receiver.lineage === sender.lineage || receiver.lineage === sender.pending;
  if (!isOurs) return isLeftBehind(sender, receiver.lineage) ? 'resync' : 'fork';
  if (sender.nonce === undefined || sender.epoch !== receiver.epoch) return 'resync';
  if (sender.nonce === receiver.nonce) return 'agreed';
  const isRecent = sender.nonce === receiver.confirmedNonce && receiver.unconfirmedKeys <= unconfirmedKeysMax;
  return isRecent ? 'reread' : 'resync';
}

/** Whether it is a link that we have made and left behind: then it is the receiver that was put back. */
function isLeftBehind({ secret, lineage }: SenderPosition, theirs: string): boolean {
  if (lineage === undefined) return false;
  const [their, our] = [countOfLink(secret, theirs), countOfLink(secret, lineage)];
  return their !== undefined && our !== undefined && their < our;
}

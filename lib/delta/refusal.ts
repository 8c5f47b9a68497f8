// Why a receiver does not take what a sender sent: the sender's position is wrong, not the rows in it.
import type { SourceState } from './agreement.ts';

/**
 * `state`: not its turn, another epoch, a lineage that does not follow: the sender looks where both stand and goes on from
 * there. `differs`: a batch of this number was applied, with other bytes. `malformed`: no batch of ours. `schema`: a table is
 * not as the replica knows it.
 */
export type RefusalReason = 'state' | 'differs' | 'malformed' | 'schema' | 'fork';

export class ProtocolRefusal extends Error {
  readonly reason: RefusalReason;
  /** Where the receiver stands, where that is the reason. */
  readonly state: SourceState | undefined;

  constructor(reason: RefusalReason, message: string, state?: SourceState) {
    super(message);
    this.name = 'ProtocolRefusal';
    this.reason = reason;
    this.state = state;
  }
}

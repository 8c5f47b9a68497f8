// A spooled batch on its way to the receiver, piece by piece: smaller ones where a piece was too large or took too long,
// and from where the receiver has it already.
import type { BatchResult } from '../../../lib/delta/batch.ts';
import { larger, smaller } from '../../../lib/delta/pace.ts';
import { type Peer, PeerTrouble } from '../../../lib/delta/peer.ts';
import type { Spool, Spooled } from './spool.ts';

export interface Delivery {
  readonly peer: Peer;
  readonly spool: Spool;
  /** Of a piece, to begin with. */
  readonly pieceBytes: number;
  /** How much of it the receiver has. */
  readonly startAt: number;
  readonly signal: AbortSignal;
  /** Told how much of it is there. */
  readonly onReceived: (bytes: number) => void;
}

/** A receiver that forgets what it was sent is asked so often to take it. */
const stallsMax = 5;

/** The result, and the size that pieces have by now. Throws PeerTrouble and ProtocolRefusal. */
export async function deliver(
  { header, sizeBytes, sha256 }: Spooled,
  { peer, spool, startAt, signal, onReceived, ...given }: Delivery,
): Promise<{ result: BatchResult; pieceBytes: number }> {
  let { pieceBytes } = given;
  let offset = startAt < sizeBytes ? startAt : 0;
  let stalls = 0;
  const { epoch, batchNo } = header;
  for (;;) {
    signal.throwIfAborted();
    const piece = {
      epoch,
      batchNo,
      sizeBytes,
      sha256,
      offset,
      bytes: await spool.read(offset, Math.min(pieceBytes, sizeBytes - offset)),
    };
    const answer = await peer.send(piece).catch((error: unknown) => {
      const less = isTooMuch(error) ? smaller(pieceBytes) : undefined;
      if (less === undefined || piece.bytes.length < less) throw error;
      pieceBytes = less;
      return undefined;
    });
    if (answer === undefined) continue;
    if ('result' in answer) {
      onReceived(sizeBytes);
      return { result: answer.result, pieceBytes: larger(pieceBytes) };
    }
    stalls = answer.received > offset ? 0 : stalls + 1;
    if (stalls > stallsMax || answer.received >= sizeBytes)
      throw new PeerTrouble(
        'failed',
        `it has ${answer.received} of ${sizeBytes} bytes, and neither more nor a result`,
      );
    if (answer.received > offset) pieceBytes = larger(pieceBytes);
    offset = answer.received;
    onReceived(offset);
  }
}

function isTooMuch(error: unknown): boolean {
  return error instanceof PeerTrouble && (error.kind === 'too-large' || error.kind === 'timeout');
}

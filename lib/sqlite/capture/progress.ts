// How the state of the stream and of its tables moves on; each within a transaction of the caller's.
import type { Acknowledged } from '../../delta/capture.ts';
import type { Database } from '../open.ts';
import type { OwnState } from './own-state.ts';
import { pruneLog } from './prune.ts';
import { keyText } from './shadow.ts';
import type { StockedTable } from './stock.ts';

/** All rows of these tables travel once more; of a table that the receiver has not taken, none. */
export function beginWalks(own: OwnState, tables: readonly StockedTable[]): void {
  for (const { id, state } of tables)
    if (state !== 'refused') own.update(id, { state: 'walk', walkedTo: undefined });
}

/** A new stream: what is logged by now is in what is walked. */
export function beginStream(own: OwnState, epoch: string, tables: readonly StockedTable[]): void {
  own.write({ epoch, nonce: null, batch_no: 0, acked_seq: own.read().lastSeq });
  beginWalks(own, tables);
}

export function refuseTables(
  own: OwnState,
  refused: readonly string[],
  tables: readonly StockedTable[],
): void {
  for (const { id, name, state } of tables) {
    const isRefused = refused.includes(name);
    if (isRefused !== (state === 'refused'))
      own.update(id, { state: isRefused ? 'refused' : 'walk', walkedTo: undefined });
  }
}

export function acknowledge(
  database: Database,
  own: OwnState,
  { toSeq, range, table }: Acknowledged,
  { nonce, batchNo }: { nonce: string; batchNo: number },
): void {
  const { ackedSeq, made } = own.read();
  own.write({ nonce, batch_no: batchNo, acked_seq: Math.max(ackedSeq, toSeq) });
  const walked = range && own.registry().find(({ name, state }) => name === table && state === 'walk');
  // A walk that was begun anew meanwhile is not where this piece ends: its rows may have changed since without being noted.
  const isOfBefore = made !== undefined && walked?.begunAt === made;
  const isNext =
    walked !== undefined && !isOfBefore && keyText(walked.walkedTo ?? []) === keyText(range?.after ?? []);
  if (isNext && range?.through === undefined) own.update(walked.id, { state: 'live', walkedTo: undefined });
  else if (isNext) own.update(walked.id, { walkedTo: range?.through });
  pruneLog(database, own);
}

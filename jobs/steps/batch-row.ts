// What became of a batch of row changes, as the history of either side remembers it.
import { randomBytes } from 'node:crypto';
import { errorMessage } from '../../lib/base/errors.ts';
import type { BatchResult } from '../../lib/delta/batch.ts';
import { ProtocolRefusal } from '../../lib/delta/refusal.ts';
import type { BatchRow } from '../../lib/history/delta-rows.ts';
import { Refused } from '../../lib/http/asked.ts';

type Named = Pick<BatchRow, 'at' | 'direction' | 'subject' | 'source' | 'epoch' | 'batchNo' | 'sizeBytes'>;

/** `runId`: of a run that ends; a service runs for weeks, and each of its batches has an id of its own. */
export function batchRow(
  { at, direction, subject, source, epoch, batchNo, sizeBytes }: Named,
  outcome: { readonly result: BatchResult } | { readonly error: unknown },
  runId = randomBytes(16).toString('hex'),
): BatchRow {
  const base = { at, runId, direction, subject, source, epoch, batchNo, sizeBytes };
  if ('error' in outcome) {
    const { error } = outcome;
    const isFinal = error instanceof ProtocolRefusal || error instanceof Refused;
    return {
      ...{ ...base, upserts: 0, deletes: 0, unchanged: 0, held: 0, anomalies: 0, refusedTables: [] },
      outcome: isFinal ? 'refused' : 'failed',
      reason: errorMessage(error).slice(0, reasonLengthMax),
    };
  }
  const { applied, held, anomalies, refusedTables } = outcome.result;
  return {
    ...base,
    ...applied,
    held: Object.values(held).reduce((sum, count) => sum + count, 0),
    anomalies,
    refusedTables,
    outcome: 'applied',
  };
}

const reasonLengthMax = 500;

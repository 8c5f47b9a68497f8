// What a cycle of a push has done so far.
import type { Agreement } from '../../../lib/delta/agreement.ts';
import type { BatchResult } from '../../../lib/delta/batch.ts';

export interface CycleReport {
  batches: number;
  upserts: number;
  deletes: number;
  unchanged: number;
  bytes: number;
  /** What was kept back of them, by reason. */
  held: Record<string, number>;
  refusedTables: readonly string[];
  anomalies: number;
  /** How both stood at the beginning. */
  agreement: Agreement | undefined;
  /** Sentences for a finding each. */
  warnings: string[];
}

export function newReport(): CycleReport {
  return {
    batches: 0,
    upserts: 0,
    deletes: 0,
    unchanged: 0,
    bytes: 0,
    held: {},
    refusedTables: [],
    anomalies: 0,
    agreement: undefined,
    warnings: [],
  };
}

export function countBatch(
  report: CycleReport,
  { applied, held, anomalies }: BatchResult,
  bytes: number,
): void {
  report.batches += 1;
  report.upserts += applied.upserts;
  report.deletes += applied.deletes;
  report.unchanged += applied.unchanged;
  report.anomalies += anomalies;
  report.bytes += bytes;
  for (const [reason, count] of Object.entries(held))
    report.held[reason] = (report.held[reason] ?? 0) + count;
}

// How it goes with what is received, as one document: for people, for programs, and for a source that asks.
import type { HeldReason } from '../../../lib/delta/batch.ts';
import type { SourceNote } from '../../../lib/http/source-book.ts';
import type { ReplicaStatus } from '../../../lib/replica/replica.ts';

/** Its words are those that programs read. */
export interface StatusDocument {
  running: boolean;
  /** Seconds between two syncs; null, because it is the sources that come. */
  interval: number | null;
  last_sync_time: string | null;
  total_syncs: number;
  successful_syncs: number;
  failed_syncs: number;
  total_records_synced: number;
  /** Seconds since the source that was silent for longest was heard of. */
  lag: number | null;
  /** Changes that wait for a person, by reason; and how many of them for another reason than a frozen day. */
  held: Partial<Record<HeldReason, number>>;
  quarantined: number;
  replicas: ReplicaDocument[];
}

interface ReplicaDocument {
  replica: string;
  /** `columns_kept`: those that the source has no more. */
  tables: { table: string; rows: number; state: string; columns_kept: string[] }[];
  held: Partial<Record<HeldReason, number>>;
  sources: SourceDocument[];
}

interface SourceDocument {
  source: string;
  epoch: string | null;
  batch_no: number;
  batches: number;
  rows: number;
  failed: number;
  resyncing: boolean;
  last_batch_at: string | null;
  last_taken_at: string | null;
  last_seen_at: string | null;
  last_failure: string | null;
  last_failure_at: string | null;
  lag: number | null;
}

export interface KnownReplica {
  readonly name: string;
  readonly sources: readonly string[];
  readonly status: ReplicaStatus;
}

export function statusDocument(
  replicas: readonly KnownReplica[],
  { running, notes, now }: { running: boolean; notes: ReadonlyMap<string, SourceNote>; now: Date },
): StatusDocument {
  const documents = replicas.map((replica) => replicaDocument(replica, notes, now));
  const sources = documents.flatMap((document) => document.sources);
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const [successful, failed] = [
    sum(sources.map(({ batches }) => batches)),
    sum(sources.map((one) => one.failed)),
  ];
  const held = summed(documents.map((document) => document.held));
  const lags = sources.flatMap(({ lag }) => lag ?? []);
  return {
    running,
    interval: null,
    last_sync_time:
      sources
        .flatMap(({ last_batch_at: at }) => at ?? [])
        .sort()
        .at(-1) ?? null,
    total_syncs: successful + failed,
    successful_syncs: successful,
    failed_syncs: failed,
    total_records_synced: sum(sources.map(({ rows }) => rows)),
    lag: lags.length === 0 ? null : Math.max(...lags),
    held,
    quarantined: sum(Object.entries(held).map(([reason, count]) => (reason === 'frozen-day' ? 0 : count))),
    replicas: documents,
  };
}

function replicaDocument(
  { name, sources, status }: KnownReplica,
  notes: ReadonlyMap<string, SourceNote>,
  now: Date,
): ReplicaDocument {
  return {
    replica: name,
    tables: status.tables.map(({ table, rows, state, columnsKept }) => ({
      ...{ table, rows, state },
      columns_kept: [...columnsKept],
    })),
    held: { ...status.held },
    sources: sources.map((source) => {
      const found = status.sources.find((one) => one.source === source);
      return sourceDocument(source, found, notes.get(source), now);
    }),
  };
}

function sourceDocument(
  source: string,
  found: ReplicaStatus['sources'][number] | undefined,
  note: SourceNote | undefined,
  now: Date,
): SourceDocument {
  const lastHeard = [note?.lastSeenAt, found?.lastBatchAt]
    .filter((at) => at !== undefined)
    .sort()
    .at(-1);
  return {
    source,
    epoch: found?.epoch ?? null,
    batch_no: found?.batchNo ?? 0,
    batches: found?.batches ?? 0,
    rows: found?.rows ?? 0,
    failed: note?.failed ?? 0,
    resyncing: found?.isResyncing ?? false,
    last_batch_at: found?.lastBatchAt ?? null,
    last_taken_at: found?.lastTakenAt ?? null,
    last_seen_at: lastHeard ?? null,
    last_failure: note?.lastFailure?.message ?? null,
    last_failure_at: note?.lastFailure?.at ?? null,
    lag:
      lastHeard === undefined
        ? null
        : Math.max(0, Math.round((now.getTime() - Date.parse(lastHeard)) / 1000)),
  };
}

function summed(counts: readonly Partial<Record<HeldReason, number>>[]): Partial<Record<HeldReason, number>> {
  const total: Partial<Record<HeldReason, number>> = {};
  for (const one of counts)
    for (const [reason, count] of Object.entries(one) as [HeldReason, number][])
      total[reason] = (total[reason] ?? 0) + count;
  return total;
}

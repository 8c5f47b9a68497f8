// What the history knows of row changes: each batch that went or came, and how replicas stood when their receiver looked last.
import type { HistoryDatabase } from './database.ts';

/** What became of a batch: `refused` for what will be refused again, `failed` for what the next try may bring. */
type BatchOutcome = 'applied' | 'refused' | 'failed';

export interface BatchRow {
  readonly at: Date;
  /** The run that sent or took it; for a service, which is one for weeks, that of the batch alone. */
  readonly runId: string;
  readonly direction: 'sent' | 'received';
  /** The app whose rows were sent, or the replica that took them. */
  readonly subject: string;
  readonly source: string;
  readonly epoch: string;
  readonly batchNo: number;
  readonly sizeBytes: number;
  readonly outcome: BatchOutcome;
  readonly upserts: number;
  readonly deletes: number;
  readonly unchanged: number;
  /** Changes that were kept back. */
  readonly held: number;
  readonly anomalies: number;
  readonly refusedTables: readonly string[];
  readonly reason?: string | undefined;
}

/** Changes of one source and table that are held for the same reason, and the same day. */
interface HeldRow {
  readonly source: string;
  readonly table: string;
  readonly reason: string;
  /** Undefined where they belong to none, or nobody can tell. */
  readonly day: string | undefined;
  readonly changes: number;
  /** RFC 3339. */
  readonly firstSeen: string;
  readonly lastSeen: string;
}

interface SourceRow {
  readonly source: string;
  readonly lastBatchAt: string | undefined;
  readonly lastTakenAt: string | undefined;
  /** When it was heard of last, with or without a batch. */
  readonly lastSeenAt: string | undefined;
  readonly batches: number;
  readonly rows: number;
  readonly isResyncing: boolean;
}

/** How a replica stands; what is known of its sources and of what is held stays while it is away. */
export type ReplicaRow = { readonly replica: string; readonly at: Date } & (
  { readonly sources: readonly SourceRow[]; readonly held: readonly HeldRow[] } | { readonly problem: string }
);

/** The same as it is read: with the time since when it cannot be used. */
export interface KnownReplica {
  readonly replica: string;
  readonly at: Date;
  readonly away: { readonly since: Date; readonly problem: string } | undefined;
  readonly sources: readonly SourceRow[];
  readonly held: readonly HeldRow[];
}

/** What went or came over a while, of one source of an app or replica. */
export interface BatchTotals {
  readonly direction: 'sent' | 'received';
  readonly subject: string;
  readonly source: string;
  readonly applied: number;
  readonly refused: number;
  readonly failed: number;
  readonly upserts: number;
  readonly deletes: number;
  readonly held: number;
  readonly sizeBytes: number;
  /** When one was applied last in that time. */
  readonly lastAt: Date | undefined;
}

/** A source that comes each minute would fill a disk before the oldest rows are old enough to go. */
export const batchRowsMax = 500_000;

type Row = Record<string, unknown>;

/** All of it or nothing. */
export function recordDelta(
  database: HistoryDatabase,
  { batches, replicas }: { batches: readonly BatchRow[]; replicas: readonly ReplicaRow[] },
): void {
  database.transaction(() => {
    for (const batch of batches) insertBatch(database, batch);
    for (const replica of replicas) putReplica(database, replica);
  });
}

function insertBatch(database: HistoryDatabase, { at, refusedTables, reason, ...batch }: BatchRow): void {
  database.run(
    `INSERT INTO batches (at, run_id, direction, subject, source, epoch, batch_no, size_bytes, outcome, upserts, deletes,
       unchanged, held, anomalies, refused_tables, reason)
     VALUES (:at, :runId, :direction, :subject, :source, :epoch, :batchNo, :sizeBytes, :outcome, :upserts, :deletes,
       :unchanged, :held, :anomalies, :refusedTables, :reason)`,
    { ...batch, at: at.toISOString(), refusedTables: refusedTables.join(' '), reason: reason ?? null },
  );
}

function putReplica(database: HistoryDatabase, row: ReplicaRow): void {
  const { replica } = row;
  const at = row.at.toISOString();
  const problem = 'problem' in row ? row.problem : null;
  database.run(
    `INSERT INTO replicas (replica, at, away_since, problem) VALUES (:replica, :at, :since, :problem)
     ON CONFLICT (replica) DO UPDATE SET at = excluded.at, problem = excluded.problem,
       away_since = iif(excluded.problem IS NULL, NULL, coalesce(away_since, excluded.away_since))`,
    { replica, at, problem, since: problem === null ? null : at },
  );
  if ('problem' in row) return;
  database.run('DELETE FROM replica_sources WHERE replica = :replica', { replica });
  for (const { isResyncing, lastBatchAt, lastTakenAt, lastSeenAt, ...source } of row.sources)
    database.run(
      `INSERT INTO replica_sources (replica, source, last_batch_at, last_taken_at, last_seen_at, batches, rows, resyncing)
       VALUES (:replica, :source, :lastBatchAt, :lastTakenAt, :lastSeenAt, :batches, :rows, :resyncing)`,
      {
        ...source,
        replica,
        lastBatchAt: lastBatchAt ?? null,
        lastTakenAt: lastTakenAt ?? null,
        lastSeenAt: lastSeenAt ?? null,
        resyncing: isResyncing ? 1 : 0,
      },
    );
  database.run('DELETE FROM replica_held WHERE replica = :replica', { replica });
  for (const { day, ...held } of row.held)
    database.run(
      `INSERT INTO replica_held (replica, source, table_name, reason, day, changes, first_seen, last_seen)
       VALUES (:replica, :source, :table, :reason, :day, :changes, :firstSeen, :lastSeen)`,
      { ...held, replica, day: day ?? '' },
    );
}

export function knownReplicas(database: HistoryDatabase): KnownReplica[] {
  return database.all('SELECT * FROM replicas ORDER BY replica').map((row) => {
    const replica = String(row['replica']);
    const of = (table: string, order: string) =>
      database.all(`SELECT * FROM ${table} WHERE replica = :replica ORDER BY ${order}`, { replica });
    const [since, problem] = [text(row['away_since']), text(row['problem'])];
    return {
      replica,
      at: new Date(String(row['at'])),
      away: since === undefined || problem === undefined ? undefined : { since: new Date(since), problem },
      sources: of('replica_sources', 'source').map(sourceFromRow),
      held: of('replica_held', 'reason, source, table_name, day').map(heldFromRow),
    };
  });
}

export function batchTotals(database: HistoryDatabase, since: Date): BatchTotals[] {
  return database
    .all(
      `SELECT direction, subject, source, count(*) FILTER (WHERE outcome = 'applied') AS applied,
         count(*) FILTER (WHERE outcome = 'refused') AS refused, count(*) FILTER (WHERE outcome = 'failed') AS failed,
         sum(upserts) AS upserts, sum(deletes) AS deletes, sum(held) AS held, sum(size_bytes) AS size_bytes,
         max(at) FILTER (WHERE outcome = 'applied') AS last_at
       FROM batches WHERE at >= :since GROUP BY direction, subject, source ORDER BY direction, subject, source`,
      { since: since.toISOString() },
    )
    .map((row) => {
      const lastAt = text(row['last_at']);
      return {
        direction: row['direction'] === 'sent' ? 'sent' : 'received',
        subject: String(row['subject']),
        source: String(row['source']),
        applied: Number(row['applied']),
        refused: Number(row['refused']),
        failed: Number(row['failed']),
        upserts: Number(row['upserts']),
        deletes: Number(row['deletes']),
        held: Number(row['held']),
        sizeBytes: Number(row['size_bytes']),
        lastAt: lastAt === undefined ? undefined : new Date(lastAt),
      };
    });
}

function sourceFromRow(row: Row): SourceRow {
  return {
    source: String(row['source']),
    lastBatchAt: text(row['last_batch_at']),
    lastTakenAt: text(row['last_taken_at']),
    lastSeenAt: text(row['last_seen_at']),
    batches: Number(row['batches']),
    rows: Number(row['rows']),
    isResyncing: row['resyncing'] === 1,
  };
}

function heldFromRow(row: Row): HeldRow {
  const day = text(row['day']);
  return {
    source: String(row['source']),
    table: String(row['table_name']),
    reason: String(row['reason']),
    day: day === '' ? undefined : day,
    changes: Number(row['changes']),
    firstSeen: String(row['first_seen']),
    lastSeen: String(row['last_seen']),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

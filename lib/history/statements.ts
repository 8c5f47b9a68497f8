// The SQL of the history. Each function is one statement, or one transaction.
import { processFields } from '../record/process-identity.ts';
import type { HistoryDatabase } from './database.ts';
import {
  backupFromRow,
  badBackupFromRow,
  drillFromRow,
  runFromRow,
  type BackupRow,
  type BadBackupRow,
  type DeliveryRow,
  type DrillRow,
  type Look,
  type RunEnd,
  type RunRow,
  type RunStart,
} from './rows.ts';

export function insertRun(database: HistoryDatabase, run: RunStart, startedAt: Date): void {
  database.run(
    `INSERT INTO runs (id, job, command, app, host, machine, boot_id, pid_namespace, pid, start_ticks,
       started_at, outcome, holdfast_version)
     VALUES (:id, :job, :command, :app, :host, :machine, :boot_id, :pid_namespace, :pid, :start_ticks,
       :startedAt, 'running', :holdfastVersion)`,
    {
      id: run.id,
      job: run.job,
      command: run.command,
      app: run.app ?? null,
      ...processFields(run),
      startedAt: startedAt.toISOString(),
      holdfastVersion: run.holdfastVersion,
    },
  );
}

/** A run that was taken for dead, and was not, ends as it really did; one that has ended is not changed. */
export function endRun(database: HistoryDatabase, id: string, end: RunEnd, endedAt: Date): void {
  database.run(
    `UPDATE runs SET outcome = :outcome, exit_code = :exitCode, message = :message, ended_at = :endedAt,
       sent_bytes = :sentBytes, received_bytes = :receivedBytes
     WHERE id = :id AND ended_at IS NULL`,
    {
      id,
      outcome: end.outcome,
      exitCode: end.exitCode,
      message: end.message ?? null,
      sentBytes: end.sentBytes ?? null,
      receivedBytes: end.receivedBytes ?? null,
      endedAt: endedAt.toISOString(),
    },
  );
}

export function runningRuns(database: HistoryDatabase): RunRow[] {
  return database.all(`SELECT * FROM runs WHERE outcome = 'running' ORDER BY started_at`).map(runFromRow);
}

/** Returns the runs that this call has changed: of two processes that find the same one, one reports it. */
export function interruptRuns(database: HistoryDatabase, runs: readonly RunRow[]): RunRow[] {
  if (runs.length === 0) return [];
  const update = `UPDATE runs SET outcome = 'interrupted' WHERE id = :id AND outcome = 'running' RETURNING *`;
  return database.transaction(() => runs.flatMap(({ id }) => database.all(update, { id }))).map(runFromRow);
}

export function recentRuns(database: HistoryDatabase, app: string | undefined, limit: number): RunRow[] {
  const where = app === undefined ? '' : 'WHERE app = :app';
  return database
    .all(`SELECT * FROM runs ${where} ORDER BY started_at DESC, rowid DESC LIMIT :limit`, {
      limit,
      ...(app === undefined ? {} : { app }),
    })
    .map(runFromRow);
}

/** Runs of one job that began since then, oldest first, in which apps and commands ever. */
export function runsSince(database: HistoryDatabase, job: string, since: Date): RunRow[] {
  return database
    .all('SELECT * FROM runs WHERE started_at >= :since AND job = :job ORDER BY started_at, rowid', {
      job,
      since: since.toISOString(),
    })
    .map(runFromRow);
}

export function backupsSince(database: HistoryDatabase, since: Date): BackupRow[] {
  return database
    .all('SELECT * FROM backups WHERE taken_at >= :since ORDER BY taken_at', { since: since.toISOString() })
    .map(backupFromRow);
}

export function drillsSince(database: HistoryDatabase, since: Date): DrillRow[] {
  return database
    .all('SELECT * FROM drills WHERE at >= :since ORDER BY at, id', { since: since.toISOString() })
    .map(drillFromRow);
}

export function upsertBackup(database: HistoryDatabase, backup: BackupRow): void {
  database.run(
    `INSERT INTO backups (app, name, run_id, taken_at, size_bytes, sha256, state, published_at, format, stored_bytes,
       level, base, note)
     VALUES (:app, :name, :runId, :takenAt, :sizeBytes, :sha256, :state, :publishedAt, :format, :storedBytes,
       :level, :base, :note)
     ON CONFLICT (app, name) DO UPDATE SET run_id = excluded.run_id, taken_at = excluded.taken_at,
       size_bytes = excluded.size_bytes, sha256 = excluded.sha256, state = excluded.state,
       published_at = excluded.published_at, format = excluded.format, stored_bytes = excluded.stored_bytes,
       level = excluded.level, base = excluded.base, note = excluded.note`,
    {
      app: backup.app,
      name: backup.name,
      runId: backup.runId,
      takenAt: backup.takenAt.toISOString(),
      sizeBytes: backup.sizeBytes,
      sha256: backup.sha256,
      state: backup.state,
      publishedAt: backup.publishedAt?.toISOString() ?? null,
      format: backup.format,
      storedBytes: backup.storedBytes,
      level: backup.level ?? null,
      base: backup.base ?? null,
      note: backup.note ?? null,
    },
  );
}

/** What the store could not be told of stays as it is: somebody has to know that it was bad. */
export function markRemoved(database: HistoryDatabase, app: string, names: readonly string[]): void {
  database.run(
    `UPDATE backups SET state = CASE state WHEN 'proven' THEN 'removed' ELSE 'removed-' || state END
     WHERE app = :app AND state <> 'damaged-untold' AND state NOT LIKE 'removed%' AND name IN (SELECT value FROM json_each(:names))`,
    { app, names: JSON.stringify(names) },
  );
}

/** One row for each backup, however often it was found to be the database still. */
export function upsertLook(database: HistoryDatabase, { app, name, runId }: Look, at: Date): void {
  database.run(
    `INSERT INTO looks (app, name, run_id, at, looks) VALUES (:app, :name, :runId, :at, 1)
     ON CONFLICT (app, name) DO UPDATE SET run_id = excluded.run_id, at = excluded.at, looks = looks + 1`,
    { app, name, runId, at: at.toISOString() },
  );
}

/** A look dated after now was made by a clock that was ahead, and says nothing. */
export function looksAt(database: HistoryDatabase, app: string, now: Date): { name: string; at: Date }[] {
  return database
    .all('SELECT name, at FROM looks WHERE app = :app AND at <= :now ORDER BY at DESC', {
      app,
      now: now.toISOString(),
    })
    .map((row) => ({ name: String(row['name']), at: new Date(String(row['at'])) }));
}

export function lastBackup(
  database: HistoryDatabase,
  app: string,
  now: Date,
): { name: string; takenAt: Date } | undefined {
  return database
    .all(
      `SELECT name, taken_at FROM backups WHERE app = :app AND state = 'proven' AND taken_at <= :now
       ORDER BY taken_at DESC LIMIT 1`,
      { app, now: now.toISOString() },
    )
    .map((row) => ({ name: String(row['name']), takenAt: new Date(String(row['taken_at'])) }))[0];
}

export function foundBad(database: HistoryDatabase, app: string): BadBackupRow[] {
  return database
    .all(
      `SELECT name, sha256, run_id, taken_at, started_at, job, command
       FROM backups LEFT JOIN runs ON runs.id = backups.run_id
       WHERE backups.app = :app AND state = 'damaged-untold'`,
      { app },
    )
    .map(badBackupFromRow);
}

export function insertDrill(database: HistoryDatabase, drill: DrillRow): void {
  database.run(
    `INSERT INTO drills (run_id, app, name, at, outcome, detail)
     VALUES (:runId, :app, :name, :at, :outcome, :detail)`,
    {
      runId: drill.runId,
      app: drill.app,
      name: drill.name,
      at: drill.at.toISOString(),
      outcome: drill.outcome,
      detail: drill.detail,
    },
  );
}

export function insertDelivery(database: HistoryDatabase, delivery: DeliveryRow, at: Date): void {
  database.run(
    `INSERT INTO deliveries (at, channel, checks, title, outcome, reason)
     VALUES (:at, :channel, :checks, :title, :outcome, :reason)`,
    {
      at: at.toISOString(),
      channel: delivery.channel,
      checks: delivery.checks.join(' '),
      title: delivery.title,
      outcome: delivery.outcome,
      reason: delivery.reason ?? null,
    },
  );
}

export function lastDrill(database: HistoryDatabase, app: string): DrillRow | undefined {
  return database
    .all('SELECT * FROM drills WHERE app = :app ORDER BY id DESC LIMIT 1', { app })
    .map(drillFromRow)[0];
}

/** A drill dated after now was made by a clock that was ahead: it would be the newest for years. */
export function passedDrills(
  database: HistoryDatabase,
  app: string,
  now: Date,
): { name: string; at: Date }[] {
  return database
    .all(
      `SELECT name, max(at) AS at FROM drills WHERE app = :app AND outcome = 'passed' AND at <= :now
       GROUP BY name ORDER BY max(id) DESC`,
      { app, now: now.toISOString() },
    )
    .map((row) => ({ name: String(row['name']), at: new Date(String(row['at'])) }));
}

// The incidents as they came and went: what people were, or would have been, told of.
import type { Severity } from '../base/verdict.ts';
import type { HistoryDatabase } from './database.ts';

/** From its first failure to its end; undefined while it lasts. */
export interface IncidentRow {
  readonly check: string;
  readonly openedAt: Date;
  readonly closedAt: Date | undefined;
  readonly severity: Severity;
  readonly message: string;
  readonly apps: readonly string[];
}

/** Writes how incidents are now; one that is known already is brought up to date. */
export function recordIncidents(database: HistoryDatabase, incidents: readonly IncidentRow[]): void {
  database.transaction(() => {
    for (const { check, openedAt, closedAt, severity, message, apps } of incidents)
      database.run(
        `INSERT INTO incidents (check_name, opened_at, closed_at, severity, message, apps)
         VALUES (:check, :openedAt, :closedAt, :severity, :message, :apps)
         ON CONFLICT (check_name, opened_at) DO UPDATE SET closed_at = excluded.closed_at,
           severity = excluded.severity, message = excluded.message, apps = excluded.apps`,
        {
          check,
          openedAt: openedAt.toISOString(),
          closedAt: closedAt?.toISOString() ?? null,
          severity,
          message,
          apps: apps.join(' '),
        },
      );
  });
}

/** Those that lasted into the time from `since` on, newest first. */
export function incidentsSince(database: HistoryDatabase, since: Date, limit: number): IncidentRow[] {
  return database
    .all(
      `SELECT * FROM incidents WHERE closed_at IS NULL OR closed_at >= :since
       ORDER BY opened_at DESC LIMIT :limit`,
      { since: since.toISOString(), limit },
    )
    .map((row) => ({
      check: String(row['check_name']),
      openedAt: new Date(String(row['opened_at'])),
      closedAt: typeof row['closed_at'] === 'string' ? new Date(row['closed_at']) : undefined,
      severity: row['severity'] === 'critical' ? 'critical' : 'warning',
      message: String(row['message']),
      apps: String(row['apps']).split(' ').filter(Boolean),
    }));
}

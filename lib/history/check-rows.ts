// What the history knows of health checks: the newest answer of each, when it changed, and values over time.
import type { Verdict } from '../base/verdict.ts';
import type { Sample, Unit } from '../health/check.ts';
import type { CheckState } from '../health/reading.ts';
import type { HistoryDatabase } from './database.ts';

/** When the answer to a check became another one. */
export interface CheckChange {
  readonly at: Date;
  readonly check: string;
  readonly subject: string;
  readonly before: Verdict;
  readonly after: Verdict;
  readonly message: string;
}

/** A value to be kept. */
export interface KeptSample {
  readonly check: string;
  readonly subject: string;
  /** `value` for that of the check itself, else the name of a measure. */
  readonly name: string;
  readonly value: number;
}

/** All that one run of the checks leaves: written in one transaction. */
export interface CheckRunRecord {
  readonly at: Date;
  readonly states: readonly CheckState[];
  readonly changes: readonly Omit<CheckChange, 'at'>[];
  readonly samples: readonly KeptSample[];
  readonly notes: ReadonlyMap<string, string>;
  /** Subjects that are not looked at any more. */
  readonly gone: readonly { check: string; subject: string }[];
}

type Row = Record<string, unknown>;

export function recordChecks(
  database: HistoryDatabase,
  { at, states, changes, samples, notes, gone }: CheckRunRecord,
): void {
  const time = at.toISOString();
  database.transaction(() => {
    for (const state of states) upsertState(database, state);
    for (const { check, subject } of gone)
      database.run('DELETE FROM checks WHERE check_name = :check AND subject = :subject', { check, subject });
    for (const change of changes)
      database.run(
        `INSERT INTO check_changes (at, check_name, subject, before, after, message)
         VALUES (:at, :check, :subject, :before, :after, :message)`,
        { at: time, ...change },
      );
    for (const sample of samples)
      database.run(
        `INSERT OR REPLACE INTO measurements (check_name, subject, name, at, value)
         VALUES (:check, :subject, :name, :at, :value)`,
        { at: time, ...sample },
      );
    for (const [key, value] of notes) putNote(database, key, value);
  });
}

export function checkStates(database: HistoryDatabase): CheckState[] {
  return database.all('SELECT * FROM checks ORDER BY check_name, subject').map(stateFromRow);
}

export function checkChanges(database: HistoryDatabase, since: Date, limit: number): CheckChange[] {
  return database
    .all('SELECT * FROM check_changes WHERE at >= :since ORDER BY id DESC LIMIT :limit', {
      since: since.toISOString(),
      limit,
    })
    .map((row) => ({
      at: new Date(String(row['at'])),
      check: String(row['check_name']),
      subject: String(row['subject']),
      before: String(row['before']) as Verdict,
      after: String(row['after']) as Verdict,
      message: String(row['message']),
    }));
}

/** The values of one subject from `since` on, oldest first. */
export function samples(
  database: HistoryDatabase,
  { check, subject, name }: Omit<KeptSample, 'value'>,
  since: Date,
): Sample[] {
  return database
    .all(
      `SELECT at, value FROM measurements
       WHERE check_name = :check AND subject = :subject AND name = :name AND at >= :since ORDER BY at`,
      { check, subject, name, since: since.toISOString() },
    )
    .map((row) => ({ at: new Date(String(row['at'])), value: Number(row['value']) }));
}

export function note(database: HistoryDatabase, key: string): string | undefined {
  const [row] = database.all('SELECT value FROM notes WHERE key = :key', { key });
  return row === undefined ? undefined : String(row['value']);
}

export function putNote(database: HistoryDatabase, key: string, value: string): void {
  database.run(
    'INSERT INTO notes (key, value) VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    { key, value },
  );
}

function upsertState(database: HistoryDatabase, state: CheckState): void {
  database.run(
    `INSERT INTO checks (check_name, subject, verdict, since, at, value, unit, message, hint, failures, recoveries,
       alarm_since, hidden_by, sampled_at)
     VALUES (:check, :subject, :verdict, :since, :at, :value, :unit, :message, :hint, :failures, :recoveries,
       :alarmSince, :hiddenBy, :sampledAt)
     ON CONFLICT (check_name, subject) DO UPDATE SET verdict = excluded.verdict, since = excluded.since,
       at = excluded.at, value = excluded.value, unit = excluded.unit, message = excluded.message,
       hint = excluded.hint, failures = excluded.failures, recoveries = excluded.recoveries,
       alarm_since = excluded.alarm_since, hidden_by = excluded.hidden_by, sampled_at = excluded.sampled_at`,
    {
      check: state.check,
      subject: state.subject,
      verdict: state.verdict,
      since: state.since.toISOString(),
      at: state.at.toISOString(),
      value: state.value ?? null,
      unit: state.unit,
      message: state.message,
      hint: state.hint ?? null,
      failures: state.failures,
      recoveries: state.recoveries,
      alarmSince: state.alarmSince?.toISOString() ?? null,
      hiddenBy: state.hiddenBy ?? null,
      sampledAt: state.sampledAt?.toISOString() ?? null,
    },
  );
}

function stateFromRow(row: Row): CheckState {
  return {
    check: String(row['check_name']),
    subject: String(row['subject']),
    verdict: String(row['verdict']) as Verdict, // the table's CHECK admits no other
    since: new Date(String(row['since'])),
    at: new Date(String(row['at'])),
    value: row['value'] === null ? undefined : Number(row['value']),
    unit: String(row['unit']) as Unit,
    message: String(row['message']),
    hint: text(row['hint']),
    failures: Number(row['failures']),
    recoveries: Number(row['recoveries']),
    alarmSince: time(row['alarm_since']),
    hiddenBy: text(row['hidden_by']),
    sampledAt: time(row['sampled_at']),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function time(value: unknown): Date | undefined {
  return typeof value === 'string' ? new Date(value) : undefined;
}

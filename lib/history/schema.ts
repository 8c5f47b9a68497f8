// The tables of ops.db. `PRAGMA user_version` says which version they are; each entry below leads to the next one.
import type { HistoryDatabase } from './database.ts';

const versions = [
  `
  CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    job TEXT NOT NULL,
    command TEXT NOT NULL,
    app TEXT,
    host TEXT NOT NULL,
    machine TEXT NOT NULL,
    boot_id TEXT NOT NULL,
    pid_namespace TEXT NOT NULL,
    pid INTEGER NOT NULL,
    start_ticks INTEGER NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT,
    outcome TEXT NOT NULL CHECK (outcome IN ('running', 'done', 'bad-news', 'failed', 'busy', 'interrupted')),
    exit_code INTEGER,
    message TEXT,
    holdfast_version TEXT NOT NULL
  ) STRICT;
  CREATE INDEX runs_by_start ON runs (started_at);
  CREATE INDEX runs_by_app ON runs (app, started_at);
  CREATE INDEX runs_running ON runs (id) WHERE outcome = 'running';

  CREATE TABLE backups (
    app TEXT NOT NULL,
    name TEXT NOT NULL,
    run_id TEXT NOT NULL,
    taken_at TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    state TEXT NOT NULL,
    published_at TEXT,
    PRIMARY KEY (app, name)
  ) STRICT;

  CREATE TABLE drills (
    id INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL,
    app TEXT NOT NULL,
    name TEXT NOT NULL,
    at TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('passed', 'failed')),
    detail TEXT NOT NULL
  ) STRICT;
  CREATE INDEX drills_by_app ON drills (app, id);
  `,
  `
  CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    channel TEXT NOT NULL,
    checks TEXT NOT NULL,
    title TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('delivered', 'refused')),
    reason TEXT
  ) STRICT;
  CREATE INDEX deliveries_by_time ON deliveries (at);
  `,
  `
  ALTER TABLE runs ADD COLUMN sent_bytes INTEGER;
  ALTER TABLE runs ADD COLUMN received_bytes INTEGER;

  CREATE TABLE checks (
    check_name TEXT NOT NULL,
    subject TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('ok', 'warning', 'critical', 'unknown')),
    since TEXT NOT NULL,
    at TEXT NOT NULL,
    value REAL,
    unit TEXT NOT NULL,
    message TEXT NOT NULL,
    hint TEXT,
    failures INTEGER NOT NULL,
    recoveries INTEGER NOT NULL,
    alarm_since TEXT,
    hidden_by TEXT,
    sampled_at TEXT,
    PRIMARY KEY (check_name, subject)
  ) STRICT;

  CREATE TABLE check_changes (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    check_name TEXT NOT NULL,
    subject TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    message TEXT NOT NULL
  ) STRICT;
  CREATE INDEX check_changes_by_time ON check_changes (at);

  CREATE TABLE measurements (
    check_name TEXT NOT NULL,
    subject TEXT NOT NULL,
    name TEXT NOT NULL,
    at TEXT NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (check_name, subject, name, at)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX measurements_by_time ON measurements (at);

  CREATE TABLE incidents (
    id INTEGER PRIMARY KEY,
    check_name TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    closed_at TEXT,
    severity TEXT NOT NULL CHECK (severity IN ('warning', 'critical')),
    message TEXT NOT NULL,
    apps TEXT NOT NULL,
    UNIQUE (check_name, opened_at)
  ) STRICT;
  CREATE INDEX incidents_by_time ON incidents (opened_at);

  CREATE TABLE notes (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE batches (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    run_id TEXT NOT NULL,
    direction TEXT NOT NULL CHECK (direction IN ('sent', 'received')),
    subject TEXT NOT NULL,
    source TEXT NOT NULL,
    epoch TEXT NOT NULL,
    batch_no INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('applied', 'refused', 'failed')),
    upserts INTEGER NOT NULL,
    deletes INTEGER NOT NULL,
    unchanged INTEGER NOT NULL,
    held INTEGER NOT NULL,
    anomalies INTEGER NOT NULL,
    refused_tables TEXT NOT NULL,
    reason TEXT
  ) STRICT;
  CREATE INDEX batches_by_time ON batches (at);

  CREATE TABLE replicas (
    replica TEXT PRIMARY KEY,
    at TEXT NOT NULL,
    away_since TEXT,
    problem TEXT
  ) STRICT;

  CREATE TABLE replica_sources (
    replica TEXT NOT NULL,
    source TEXT NOT NULL,
    last_batch_at TEXT,
    last_taken_at TEXT,
    last_seen_at TEXT,
    batches INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    resyncing INTEGER NOT NULL,
    PRIMARY KEY (replica, source)
  ) STRICT;

  CREATE TABLE replica_held (
    replica TEXT NOT NULL,
    source TEXT NOT NULL,
    table_name TEXT NOT NULL,
    reason TEXT NOT NULL,
    day TEXT NOT NULL,
    changes INTEGER NOT NULL,
    first_seen TEXT NOT NULL,
    last_seen TEXT NOT NULL,
    PRIMARY KEY (replica, source, table_name, reason, day)
  ) STRICT;
  `,
  // What was made before lay in the store as it is: a file of its name.
  `
  ALTER TABLE backups ADD COLUMN format TEXT NOT NULL DEFAULT 'plain' CHECK (format IN ('plain', 'pages'));
  ALTER TABLE backups ADD COLUMN stored_bytes INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE backups ADD COLUMN level INTEGER;
  ALTER TABLE backups ADD COLUMN base TEXT;
  UPDATE backups SET stored_bytes = size_bytes;

  CREATE TABLE looks (
    app TEXT NOT NULL,
    name TEXT NOT NULL,
    run_id TEXT NOT NULL,
    at TEXT NOT NULL,
    looks INTEGER NOT NULL,
    PRIMARY KEY (app, name)
  ) STRICT;
  `,
  'ALTER TABLE backups ADD COLUMN note TEXT;',
];

/** The version this program writes. */
export const schemaVersion = versions.length;

/**
 * Brings the database to our version, creating the tables in a new one, and returns its version. One that a newer
 * Holdfast has made is left as it is: then the number is greater than `schemaVersion`, and nothing may be written.
 */
export function prepareSchema(database: HistoryDatabase): number {
  const found = userVersion(database);
  if (found > schemaVersion) return found;
  // Not WAL: Datasette reads the file from a read-only mount, where it could not make the side files.
  database.exec('PRAGMA journal_mode = DELETE');
  database.exec('PRAGMA synchronous = FULL');
  if (found === schemaVersion) return found;
  return database.transaction(() => {
    // Asked again: another process may have done the work in between.
    for (let version = userVersion(database); version < schemaVersion; version += 1) {
      database.exec(versions[version] ?? '');
      database.exec(`PRAGMA user_version = ${version + 1}`);
    }
    return userVersion(database);
  });
}

function userVersion(database: HistoryDatabase): number {
  return Number(database.all('PRAGMA user_version')[0]?.['user_version']);
}

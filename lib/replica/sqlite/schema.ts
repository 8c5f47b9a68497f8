// The tables of a replica beside the mirrored ones, in the same file, so that one transaction holds both. docs/formats.md.

/** In the header of the file: by it a replica is known from every other database. "HFrp". */
export const applicationId = 0x48467270;
/** In `user_version`. */
export const replicaVersion = 1;

export const replicaSchema = `
CREATE TABLE _holdfast_source (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, instance TEXT, lineage TEXT, epoch TEXT,
  batch_no INTEGER NOT NULL DEFAULT 0, nonce TEXT, confirmed_nonce TEXT, unconfirmed_keys INTEGER NOT NULL DEFAULT 0,
  high_water INTEGER NOT NULL DEFAULT 0, last_batch_at TEXT, last_taken_at TEXT,
  is_resyncing INTEGER NOT NULL DEFAULT 0, batches INTEGER NOT NULL DEFAULT 0, rows INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE _holdfast_batch (
  id INTEGER PRIMARY KEY, source INTEGER NOT NULL, epoch TEXT NOT NULL, batch_no INTEGER NOT NULL,
  sha256 TEXT NOT NULL, stamp INTEGER NOT NULL, taken_at TEXT NOT NULL, applied_at TEXT NOT NULL, result TEXT,
  UNIQUE (source, epoch, batch_no)
) STRICT;
CREATE TABLE _holdfast_unconfirmed (
  id INTEGER PRIMARY KEY, source INTEGER NOT NULL, table_name TEXT NOT NULL, keys TEXT NOT NULL
) STRICT;
CREATE INDEX _holdfast_unconfirmed_by_source ON _holdfast_unconfirmed (source);
CREATE TABLE _holdfast_held (
  id INTEGER PRIMARY KEY, source INTEGER NOT NULL, batch INTEGER NOT NULL, table_name TEXT NOT NULL, key TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('upsert', 'tombstone')), reason TEXT NOT NULL, day TEXT, detail TEXT,
  due INTEGER, is_walked INTEGER NOT NULL, payload TEXT, first_seen TEXT NOT NULL, last_seen TEXT NOT NULL, count INTEGER NOT NULL,
  UNIQUE (table_name, key, source)
) STRICT;
CREATE INDEX _holdfast_held_by_day ON _holdfast_held (day);
CREATE INDEX _holdfast_held_by_due ON _holdfast_held (due) WHERE due IS NOT NULL;
CREATE TABLE _holdfast_tombstone (
  table_name TEXT NOT NULL, key TEXT NOT NULL, source INTEGER NOT NULL, stamp INTEGER NOT NULL,
  PRIMARY KEY (table_name, key, source)
) STRICT, WITHOUT ROWID;
CREATE INDEX _holdfast_tombstone_by_stamp ON _holdfast_tombstone (stamp);
CREATE TABLE _holdfast_deletions (
  source INTEGER NOT NULL, table_name TEXT NOT NULL, minute INTEGER NOT NULL, deleted INTEGER NOT NULL,
  PRIMARY KEY (source, table_name, minute)
) STRICT, WITHOUT ROWID;
CREATE TABLE _holdfast_shape (
  table_name TEXT PRIMARY KEY COLLATE NOCASE, shape TEXT, columns TEXT, waiting TEXT, why TEXT
) STRICT;
CREATE TABLE _holdfast_frozen_day (
  day TEXT PRIMARY KEY, frozen_at TEXT NOT NULL, frozen_by TEXT NOT NULL, reason TEXT NOT NULL,
  exceptions TEXT NOT NULL, high_water TEXT NOT NULL
) STRICT;
CREATE TABLE _holdfast_frozen_table (
  day TEXT NOT NULL, table_name TEXT NOT NULL, rows INTEGER NOT NULL, digest TEXT NOT NULL,
  PRIMARY KEY (day, table_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE _holdfast_correction (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL,
  table_name TEXT NOT NULL, key TEXT NOT NULL
) STRICT;
CREATE TABLE _holdfast_audit (
  id INTEGER PRIMARY KEY, at TEXT NOT NULL, source TEXT, batch INTEGER, what TEXT NOT NULL, by TEXT, reason TEXT,
  table_name TEXT, key TEXT, day TEXT, before TEXT, after TEXT
) STRICT;
CREATE TABLE _holdfast_setting (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
CREATE TABLE _holdfast_writer (kind TEXT NOT NULL) STRICT;
`;

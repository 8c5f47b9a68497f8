-- The laptop's own database: all that a day file holds. The server's tables cannot do that: they know neither notes nor the
-- tag lists of a day.
CREATE TABLE day (
  date TEXT NOT NULL PRIMARY KEY CHECK (date GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  site_name TEXT NOT NULL,
  site_handle TEXT NOT NULL,
  time_open TEXT NOT NULL,
  time_closed TEXT NOT NULL,
  registrations INTEGER NOT NULL DEFAULT 0,
  -- Its document must not change any more.
  frozen INTEGER NOT NULL DEFAULT 0 CHECK (frozen IN (0, 1))
);
CREATE TABLE visit (
  date TEXT NOT NULL REFERENCES day,
  tagid TEXT NOT NULL,
  bike_size TEXT NOT NULL CHECK (bike_size IN ('regular', 'oversize')),
  time_in TEXT NOT NULL,
  -- Empty while the bike is still there.
  time_out TEXT NOT NULL DEFAULT '',
  -- By which staff's corrections find it again; in the order in which the documents want it.
  PRIMARY KEY (date, tagid, time_in)
) WITHOUT ROWID;
-- The tags that were in use that day, and of what kind.
CREATE TABLE tag (
  date TEXT NOT NULL REFERENCES day,
  kind TEXT NOT NULL CHECK (kind IN ('regular', 'oversize', 'retired')),
  tagid TEXT NOT NULL,
  PRIMARY KEY (date, kind, tagid)
) WITHOUT ROWID;
CREATE TABLE note (
  date TEXT NOT NULL REFERENCES day,
  position INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (date, position)
) WITHOUT ROWID;

-- What happened in each place, in the order in which it was heard of. Appended only; rows go when they are old, or with their place.
CREATE TABLE events (
  -- The cursor of whoever reads on. Never used twice, also after rows were removed.
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  -- Who told of it, and as which of its events: what is told twice is kept once.
  source TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  level TEXT NOT NULL CHECK (level IN ('global', 'tenant', 'contract', 'workspace')),
  place_id TEXT CHECK ((place_id IS NULL) = (level = 'global')),
  event TEXT NOT NULL,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  subject_type TEXT NOT NULL,
  subject_id TEXT NOT NULL,
  version INTEGER,
  outcome TEXT NOT NULL,
  reason TEXT,
  triggered_by TEXT,
  duration_ms INTEGER,
  request_id TEXT,
  received_at INTEGER NOT NULL,
  UNIQUE (source, sequence)
) STRICT;

CREATE INDEX events_by_place ON events (level, place_id, position);

-- Up to which number each source was heard, so that a gap is noticed.
CREATE TABLE event_sources (
  source TEXT PRIMARY KEY,
  seen INTEGER NOT NULL,
  heard_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

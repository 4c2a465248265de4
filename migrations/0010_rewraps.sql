-- The keys that what a secret's actor holds is sealed under, as the actor says; null: it was not asked since it can tell.
ALTER TABLE secrets ADD COLUMN kids TEXT;

-- What came of bringing all records under a key, once that is the first of its ring.
CREATE TABLE rewraps (
  kid TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('rewrapping', 'settling', 'finished')),
  started_at INTEGER NOT NULL,
  -- Null: under way.
  finished_at INTEGER,
  -- JSON: how many records of each kind were sealed anew; which do not open, and which could not be asked.
  progress TEXT NOT NULL
) STRICT;

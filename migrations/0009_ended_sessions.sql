-- Sessions of the console that somebody ended by signing out: a copy of such a cookie opens nothing. Rows go when the session would be over anyway.
CREATE TABLE ended_sessions (
  -- A SHA-256; nothing of the session can be read from it.
  session TEXT PRIMARY KEY,
  over_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

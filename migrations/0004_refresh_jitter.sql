-- How much earlier at most than its lead a token is renewed, at random, in seconds.
ALTER TABLE auth_clients ADD COLUMN refresh_jitter_seconds INTEGER NOT NULL DEFAULT 0;

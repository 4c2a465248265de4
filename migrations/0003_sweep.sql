-- When the sweep next looks whether a secret's refresh was missed; null: it is not renewed by itself.

ALTER TABLE secrets ADD COLUMN check_at INTEGER;

-- Which of the secrets that are there already renew themselves, only their actors know; each is asked soon, the oldest first.
UPDATE secrets SET check_at = created_at WHERE type = 'oauth2';

CREATE INDEX secrets_to_check ON secrets (check_at) WHERE check_at IS NOT NULL;

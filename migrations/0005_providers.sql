-- Where an auth client's provider is described, and how its grants come to be: for lists and look-ups. What counts is sealed with its credentials.
ALTER TABLE auth_clients ADD COLUMN provider TEXT;
ALTER TABLE auth_clients ADD COLUMN issuer TEXT;
ALTER TABLE auth_clients ADD COLUMN grant_type TEXT NOT NULL DEFAULT 'authorization_code';

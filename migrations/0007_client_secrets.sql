-- Which of an auth client's two secrets its provider took last: tried first the next time. No part of what is sealed.
ALTER TABLE auth_clients ADD COLUMN secret_in_use TEXT NOT NULL DEFAULT 'client_secret';

-- Auth clients, the index of secrets and the consent flows under way. The secrets themselves live in their Durable Objects.

CREATE TABLE auth_clients (
  id TEXT PRIMARY KEY,
  -- Who may use it: everybody (global) or one workspace.
  level TEXT NOT NULL CHECK (level IN ('global', 'workspace')),
  place_id TEXT CHECK ((place_id IS NULL) = (level = 'global')),
  type TEXT NOT NULL,
  name TEXT NOT NULL,
  -- JSON array of component ids.
  components TEXT NOT NULL,
  -- JWE of the credentials.
  credentials TEXT NOT NULL,
  refresh_lead_seconds INTEGER NOT NULL,
  version INTEGER NOT NULL,
  -- Milliseconds since the epoch, here and below.
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE secrets (
  id TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL,
  auth_client_id TEXT NOT NULL REFERENCES auth_clients (id) ON DELETE RESTRICT,
  user_id TEXT,
  type TEXT NOT NULL,
  name TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('ready', 'error')),
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX secrets_by_workspace ON secrets (workspace_id, created_at);
CREATE INDEX secrets_by_auth_client ON secrets (auth_client_id);

-- Says which actor a consent flow belongs to; the actor knows the rest.
CREATE TABLE authorizations (
  id TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL,
  secret_id TEXT NOT NULL,
  auth_client_id TEXT NOT NULL REFERENCES auth_clients (id) ON DELETE CASCADE,
  -- SHA-256 of the token in connect_url.
  connect_hash TEXT NOT NULL UNIQUE,
  expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX authorizations_by_secret ON authorizations (secret_id);
CREATE INDEX authorizations_by_expiry ON authorizations (expires_at);

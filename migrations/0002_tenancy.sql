-- Tenants, contracts, workspaces and API keys. Auth clients may now belong to a tenant or contract too, which their CHECK did not
-- allow, so the tables around them are made again.

CREATE TABLE tenants (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  -- Set at once when it is deleted; the row goes when everything below is gone. Here and below.
  removed_at INTEGER
) STRICT;

CREATE TABLE contracts (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  removed_at INTEGER
) STRICT;

CREATE INDEX tenants_by_age ON tenants (created_at, id);
CREATE INDEX contracts_by_age ON contracts (created_at, id);
CREATE INDEX contracts_by_tenant ON contracts (tenant_id, created_at);

CREATE TABLE workspaces (
  id TEXT PRIMARY KEY,
  contract_id TEXT NOT NULL REFERENCES contracts (id),
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  removed_at INTEGER
) STRICT;

CREATE INDEX workspaces_by_age ON workspaces (created_at, id);
CREATE INDEX workspaces_by_contract ON workspaces (contract_id, created_at);

-- Every registered place with what contains it. It is live while neither it nor anything around it is being deleted.
CREATE VIEW places (level, id, name, created_at, tenant_id, contract_id, workspace_id, is_live) AS
  SELECT 'tenant', id, name, created_at, id, NULL, NULL, removed_at IS NULL FROM tenants
  UNION ALL
  SELECT 'contract', c.id, c.name, c.created_at, c.tenant_id, c.id, NULL, c.removed_at IS NULL AND t.removed_at IS NULL
    FROM contracts c JOIN tenants t ON t.id = c.tenant_id
  UNION ALL
  SELECT 'workspace', w.id, w.name, w.created_at, c.tenant_id, w.contract_id, w.id,
      w.removed_at IS NULL AND c.removed_at IS NULL AND t.removed_at IS NULL
    FROM workspaces w JOIN contracts c ON c.id = w.contract_id JOIN tenants t ON t.id = c.tenant_id;

CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  -- Null: any user name of Basic authorization will do.
  email TEXT,
  level TEXT NOT NULL CHECK (level IN ('global', 'tenant', 'contract', 'workspace')),
  place_id TEXT CHECK ((place_id IS NULL) = (level = 'global')),
  -- JSON array.
  permissions TEXT NOT NULL,
  -- SHA-256 of the random part of the key.
  hash TEXT NOT NULL,
  expires_at INTEGER,
  created_at INTEGER NOT NULL,
  -- To the minute.
  last_used_at INTEGER
) STRICT;

CREATE INDEX api_keys_by_place ON api_keys (level, place_id);

ALTER TABLE authorizations RENAME TO former_authorizations;
ALTER TABLE secrets RENAME TO former_secrets;
ALTER TABLE auth_clients RENAME TO former_auth_clients;

CREATE TABLE auth_clients (
  id TEXT PRIMARY KEY,
  -- Who may use it: everybody (global), or whoever is in this tenant, contract or workspace.
  level TEXT NOT NULL CHECK (level IN ('global', 'tenant', 'contract', 'workspace')),
  place_id TEXT CHECK ((place_id IS NULL) = (level = 'global')),
  type TEXT NOT NULL,
  name TEXT NOT NULL,
  -- JSON array of component ids.
  components TEXT NOT NULL,
  -- JWE of the credentials.
  credentials TEXT NOT NULL,
  refresh_lead_seconds INTEGER NOT NULL,
  version INTEGER NOT NULL,
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

CREATE TABLE authorizations (
  id TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL,
  secret_id TEXT NOT NULL,
  auth_client_id TEXT NOT NULL REFERENCES auth_clients (id) ON DELETE CASCADE,
  -- SHA-256 of the token in connect_url.
  connect_hash TEXT NOT NULL UNIQUE,
  expires_at INTEGER NOT NULL
) STRICT;

INSERT INTO auth_clients
  SELECT id, level, place_id, type, name, components, credentials, refresh_lead_seconds, version, created_at
  FROM former_auth_clients;
INSERT INTO secrets
  SELECT id, workspace_id, auth_client_id, user_id, type, name, state, created_at FROM former_secrets;
INSERT INTO authorizations
  SELECT id, workspace_id, secret_id, auth_client_id, connect_hash, expires_at FROM former_authorizations;

DROP TABLE former_authorizations;
DROP TABLE former_secrets;
DROP TABLE former_auth_clients;

CREATE INDEX auth_clients_by_place ON auth_clients (level, place_id, created_at);
CREATE INDEX secrets_by_workspace ON secrets (workspace_id, created_at, id);
CREATE INDEX secrets_by_auth_client ON secrets (auth_client_id, id);
CREATE INDEX secrets_in_error ON secrets (auth_client_id, id) WHERE state = 'error';
CREATE INDEX authorizations_by_workspace ON authorizations (workspace_id);
CREATE INDEX authorizations_by_auth_client ON authorizations (auth_client_id);
CREATE INDEX authorizations_by_secret ON authorizations (secret_id);
CREATE INDEX authorizations_by_expiry ON authorizations (expires_at);

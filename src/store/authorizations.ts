/** Where a consent flow's actor is found: by the flow's id, or by the token of its connect_url. The flow itself is the actor's. */

import type { AuthClientId, AuthorizationId, SecretId, WorkspaceId } from "../domain/ids.ts";

/** Leads from a flow to its actor. `expiresAt` is milliseconds since the epoch. */
export interface AuthorizationRoute {
  id: AuthorizationId;
  workspaceId: WorkspaceId;
  secretId: SecretId;
  authClientId: AuthClientId;
  expiresAt: number;
}

interface Row {
  id: AuthorizationId;
  workspace_id: WorkspaceId;
  secret_id: SecretId;
  auth_client_id: AuthClientId;
  expires_at: number;
}

const INSERT = `INSERT INTO authorizations (id, workspace_id, secret_id, auth_client_id, connect_hash, expires_at)
  VALUES (?, ?, ?, ?, ?, ?)`;
const FIND_BY_ID = "SELECT * FROM authorizations WHERE id = ?";
const FIND_BY_CONNECT_HASH = "SELECT * FROM authorizations WHERE connect_hash = ?";
const DELETE_ENDED = "DELETE FROM authorizations WHERE expires_at < ?";

/** Stores the way to a new flow and forgets flows that ended before `forgetBefore`. */
export async function insertAuthorization(
  db: D1Database,
  route: AuthorizationRoute,
  connectHash: string,
  forgetBefore: number,
): Promise<void> {
  await db.batch([
    db
      .prepare(INSERT)
      .bind(route.id, route.workspaceId, route.secretId, route.authClientId, connectHash, route.expiresAt),
    db.prepare(DELETE_ENDED).bind(forgetBefore),
  ]);
}

/** Finds a flow by its id. */
export async function findAuthorization(db: D1Database, id: AuthorizationId): Promise<AuthorizationRoute | null> {
  return routeOf(await db.prepare(FIND_BY_ID).bind(id).first<Row>());
}

/** Finds the flow of a connect_url, by the SHA-256 of its token. */
export async function findAuthorizationByConnect(
  db: D1Database,
  connectHash: string,
): Promise<AuthorizationRoute | null> {
  return routeOf(await db.prepare(FIND_BY_CONNECT_HASH).bind(connectHash).first<Row>());
}

function routeOf(row: Row | null): AuthorizationRoute | null {
  if (row === null) return null;
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    secretId: row.secret_id,
    authClientId: row.auth_client_id,
    expiresAt: row.expires_at,
  };
}

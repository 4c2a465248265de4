/** Where a consent flow's actor is found: by the flow's id, or by the token of its connect_url. The flow itself is the actor's. */

import type { AuthClientId, AuthorizationId, SecretId, WorkspaceId } from "../domain/ids.ts";
import type { Lineage } from "../domain/place.ts";
import { ServiceError } from "../errors.ts";
import { asSeen, PLACE_IS_LIVE } from "./places.ts";

/** Leads from a flow to its actor. `expiresAt` is milliseconds since the epoch. */
export interface AuthorizationRoute {
  id: AuthorizationId;
  workspaceId: WorkspaceId;
  secretId: SecretId;
  authClientId: AuthClientId;
  expiresAt: number;
}

/** The same for a person who has the link. `workspaceName` is null where the workspace is not registered. */
export interface ConnectRoute extends AuthorizationRoute {
  workspaceName: string | null;
}

interface Row {
  id: AuthorizationId;
  workspace_id: WorkspaceId;
  secret_id: SecretId;
  auth_client_id: AuthClientId;
  expires_at: number;
  workspace_name: string | null;
}

const INSERT = `INSERT INTO authorizations (workspace_id, id, secret_id, auth_client_id, connect_hash, expires_at)
  SELECT ?2, ?4, ?5, ?6, ?7, ?8 WHERE ${PLACE_IS_LIVE}`;
const FIND = `SELECT a.*, w.name AS workspace_name FROM authorizations a
  LEFT JOIN workspaces w ON w.id = a.workspace_id
  LEFT JOIN contracts c ON c.id = w.contract_id
  LEFT JOIN tenants t ON t.id = c.tenant_id
  WHERE coalesce(w.removed_at, c.removed_at, t.removed_at) IS NULL`;
const FIND_BY_ID = `${FIND} AND a.id = ?`;
const FIND_BY_CONNECT_HASH = `${FIND} AND a.connect_hash = ?`;
const DELETE_ENDED = "DELETE FROM authorizations WHERE expires_at < ?";

/**
 * Stores the way to a new flow and forgets flows that ended before `forgetBefore`. `at` is what the workspace lies in.
 * @throws {ServiceError} `not_found` when the workspace was deleted meanwhile
 */
export async function insertAuthorization(
  db: D1Database,
  route: AuthorizationRoute,
  at: Lineage,
  connectHash: string,
  forgetBefore: number,
): Promise<void> {
  const { id, secretId, authClientId, expiresAt } = route;
  const statements = [
    db.prepare(INSERT).bind(...asSeen(at), id, secretId, authClientId, connectHash, expiresAt),
    db.prepare(DELETE_ENDED).bind(forgetBefore),
  ];
  const [inserted] = await db.batch(statements).catch((error: unknown) => {
    if (!/FOREIGN KEY/.test(String(error))) throw error;
    throw new ServiceError("not_found", [
      { detail: "The auth client was deleted meanwhile.", pointer: "/data/relationships/auth_client/data/id" },
    ]);
  });
  if (inserted?.meta.changes === 0) throw new ServiceError("not_found", "The workspace was deleted meanwhile.");
}

/** Finds a flow by its id, as long as its workspace is not being deleted. */
export async function findAuthorization(db: D1Database, id: AuthorizationId): Promise<AuthorizationRoute | null> {
  return routeOf(await db.prepare(FIND_BY_ID).bind(id).first<Row>());
}

/** Finds the flow of a connect_url, by the SHA-256 of its token. */
export async function findAuthorizationByConnect(db: D1Database, connectHash: string): Promise<ConnectRoute | null> {
  return routeOf(await db.prepare(FIND_BY_CONNECT_HASH).bind(connectHash).first<Row>());
}

function routeOf(row: Row | null): ConnectRoute | null {
  if (row === null) return null;
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    secretId: row.secret_id,
    authClientId: row.auth_client_id,
    expiresAt: row.expires_at,
    workspaceName: row.workspace_name,
  };
}

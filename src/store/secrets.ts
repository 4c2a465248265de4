/** The index of secrets in D1: which there are, of which client, in which state. Written by each secret's own actor; holds no credentials. */

import type { Kind } from "../domain/auth-client.ts";
import type { GrantType } from "../domain/oauth2/registration.ts";
import type { AuthClientId, SecretId, UserId, WorkspaceId } from "../domain/ids.ts";
import type { Secret } from "../domain/secret.ts";
import { ServiceError } from "../errors.ts";
import { type Condition, nameHolds, type Page, type Paged, readPage } from "./page.ts";
import { type Seen, PLACE_IS_LIVE } from "./places.ts";

export type State = "ready" | "error";

/** What the index says of a secret besides its ids. */
export interface IndexEntry {
  name: string;
  state: State;
  /** When the sweep first looks whether a refresh was missed; null: it is not renewed by itself. */
  checkAt: number | null;
  /** The keys that what the actor holds is sealed under; almost always one. What was written earlier does not say. */
  kids?: string;
}

/** A secret as the index knows it, maybe a moment behind. */
export interface IndexedSecret extends Pick<IndexEntry, "name" | "state"> {
  id: SecretId;
  workspaceId: WorkspaceId;
  authClientId: AuthClientId;
  userId: UserId | null;
  type: string;
}

interface Row {
  id: SecretId;
  workspace_id: WorkspaceId;
  auth_client_id: AuthClientId;
  user_id: UserId | null;
  type: string;
  name: string;
  state: State;
}

const PUT = `INSERT INTO secrets (id, workspace_id, auth_client_id, user_id, type, name, state, created_at, check_at, kids)
  SELECT ?4, ?2, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12 WHERE ${PLACE_IS_LIVE}
  ON CONFLICT (id) DO UPDATE
  SET name = excluded.name, state = excluded.state, check_at = excluded.check_at, kids = excluded.kids`;
const DELETE = "DELETE FROM secrets WHERE id = ?";
const DELETE_AUTHORIZATIONS = "DELETE FROM authorizations WHERE secret_id = ?";
const KIND = `SELECT secrets.type AS type, grant_type FROM secrets JOIN auth_clients ON auth_clients.id = auth_client_id
  WHERE secrets.id = ? AND workspace_id = ?`;
const IN_ERROR = `SELECT * FROM secrets WHERE auth_client_id = ?1 AND state = 'error' AND id > ?2 ORDER BY id LIMIT ?3`;

/**
 * Writes a secret's entry, new or changed.
 * @throws {ServiceError} `conflict` when its client or workspace is gone, or the workspace is not where it was seen
 */
export async function putIndexEntry(db: D1Database, secret: Secret, entry: IndexEntry, contract: Seen): Promise<void> {
  const { id, workspaceId, authClientId, userId, type, createdAt } = secret;
  const { name, state, checkAt, kids = null } = entry;
  const values = [
    ...["workspace", workspaceId, contract, id, authClientId, userId, type, name, state, createdAt],
    ...[checkAt, kids],
  ];
  try {
    const { meta } = await db
      .prepare(PUT)
      .bind(...values)
      .run();
    if (meta.changes === 0)
      throw new ServiceError("conflict", "The workspace was deleted or taken into a contract meanwhile.");
  } catch (error) {
    if (!/FOREIGN KEY/.test(String(error))) throw error;
    throw new ServiceError("conflict", [
      { detail: "The auth client was deleted meanwhile.", pointer: "/data/relationships/auth_client" },
    ]);
  }
}

/** Removes a secret's entry and its consent flows, together. */
export async function deleteIndexEntry(db: D1Database, id: Secret["id"]): Promise<void> {
  await db.batch([db.prepare(DELETE).bind(id), db.prepare(DELETE_AUTHORIZATIONS).bind(id)]);
}

/** Finds of which kind a workspace's secret is; null when the index knows no such secret. */
export async function findSecretKind(db: D1Database, workspace: WorkspaceId, id: SecretId): Promise<Kind | null> {
  const row = await db.prepare(KIND).bind(id, workspace).first<{ type: string; grant_type: GrantType }>();
  return row === null ? null : { type: row.type, grantType: row.grant_type };
}

/** Lists a workspace's secrets; each filter that is given narrows the list. */
export async function listSecrets(
  db: D1Database,
  workspace: WorkspaceId,
  filters: {
    user?: UserId | undefined;
    authClient?: AuthClientId | undefined;
    state?: State | undefined;
    /** A part of the name, in any case of its ASCII letters. */
    name?: string | undefined;
  },
  page: Page,
): Promise<Paged<IndexedSecret>> {
  const conditions: Condition[] = [{ sql: "workspace_id = ?", values: [workspace] }];
  if (filters.user !== undefined) conditions.push({ sql: "user_id = ?", values: [filters.user] });
  if (filters.authClient !== undefined) conditions.push({ sql: "auth_client_id = ?", values: [filters.authClient] });
  if (filters.state !== undefined) conditions.push({ sql: "state = ?", values: [filters.state] });
  if (filters.name !== undefined) conditions.push(nameHolds(filters.name));
  const { items, total } = await readPage<Row>(db, "secrets", conditions, page);
  return { items: items.map(secretOf), total };
}

/** Finds some secrets of a client that are in error, in the order of their ids, after the given one. */
export async function findSecretsInError(
  db: D1Database,
  client: AuthClientId,
  after: string,
  limit: number,
): Promise<IndexedSecret[]> {
  const { results } = await db.prepare(IN_ERROR).bind(client, after, limit).all<Row>();
  return results.map(secretOf);
}

function secretOf(row: Row): IndexedSecret {
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    authClientId: row.auth_client_id,
    userId: row.user_id,
    type: row.type,
    name: row.name,
    state: row.state,
  };
}

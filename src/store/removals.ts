/** What a deleted tenant, contract or workspace leaves in D1, and how it goes: marked at once, then removed from below, a page at a time. */

import type { ContractId, SecretId, WorkspaceId } from "../domain/ids.ts";
import { belongsIn, type NarrowPlace } from "./places.ts";

const TABLE = { tenant: "tenants", contract: "contracts", workspace: "workspaces" } as const;
const WORKSPACES = "SELECT workspace_id AS id FROM places WHERE level = 'workspace'";
const SECRETS = `SELECT id FROM secrets WHERE workspace_id = ?1
  UNION SELECT secret_id FROM authorizations WHERE workspace_id = ?1 LIMIT ?2`;
const NAMED = "(SELECT value FROM json_each(?2))";
const FORGET_AUTHORIZATIONS = `DELETE FROM authorizations WHERE workspace_id = ?1 AND secret_id IN ${NAMED}`;
const FORGET_SECRETS = `DELETE FROM secrets WHERE workspace_id = ?1 AND id IN ${NAMED}`;
const NEXT_CONTRACT = "SELECT id FROM contracts WHERE tenant_id = ? LIMIT 1";

/** Makes a place and everything below it unreachable: nothing finds it or adds to it any more, and its keys are gone. */
export async function markRemoved(db: D1Database, place: NarrowPlace, at: number): Promise<void> {
  await db.batch([
    db
      .prepare(`UPDATE ${TABLE[place.level]} SET removed_at = ?2 WHERE id = ?1 AND removed_at IS NULL`)
      .bind(place.id, at),
    ...belongsIn(place).map(({ sql, values }) => db.prepare(`DELETE FROM api_keys WHERE ${sql}`).bind(...values)),
  ]);
}

/** Finds a workspace that is still there in a place. */
export async function findWorkspaceIn(db: D1Database, place: NarrowPlace): Promise<WorkspaceId | null> {
  return await db.prepare(`${WORKSPACES} AND ${place.level}_id = ? LIMIT 1`).bind(place.id).first<WorkspaceId>("id");
}

/** Finds a contract that is still there in a tenant. */
export async function findContractIn(db: D1Database, place: NarrowPlace): Promise<ContractId | null> {
  return place.level === "tenant" ? await db.prepare(NEXT_CONTRACT).bind(place.id).first<ContractId>("id") : null;
}

/** Finds some of the secrets that a workspace has, or that consent flows in it were to make. */
export async function findSecretsIn(db: D1Database, workspace: WorkspaceId, limit: number): Promise<SecretId[]> {
  const { results } = await db.prepare(SECRETS).bind(workspace, limit).all<{ id: SecretId }>();
  return results.map(({ id }) => id);
}

/** Removes secrets from the index, and the ways to their consent flows. */
export async function forgetSecrets(db: D1Database, workspace: WorkspaceId, ids: SecretId[]): Promise<void> {
  const named = JSON.stringify(ids);
  await db.batch([
    db.prepare(FORGET_AUTHORIZATIONS).bind(workspace, named),
    db.prepare(FORGET_SECRETS).bind(workspace, named),
  ]);
}

/** Removes a place that has nothing below it any more, with its own auth clients and keys. */
export async function forgetPlace(db: D1Database, { level, id }: NarrowPlace): Promise<void> {
  await db.batch([
    db.prepare("DELETE FROM auth_clients WHERE level = ?1 AND place_id = ?2").bind(level, id),
    db.prepare("DELETE FROM api_keys WHERE level = ?1 AND place_id = ?2").bind(level, id),
    db.prepare(`DELETE FROM ${TABLE[level]} WHERE id = ?`).bind(id),
  ]);
}

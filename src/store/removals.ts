/** What a deleted tenant, contract or workspace leaves in D1: marked at once, then its secrets a page at a time, then the rest together. */

import type { SecretId, WorkspaceId } from "../domain/ids.ts";
import type { NarrowPlace } from "../domain/place.ts";

/** A secret that is to be removed. */
export interface Remains {
  id: SecretId;
  workspaceId: WorkspaceId;
}

interface Row {
  id: SecretId;
  workspace_id: WorkspaceId;
}

// From below, as each refers to the next.
const TABLES = [
  ["workspace", "workspaces"],
  ["contract", "contracts"],
  ["tenant", "tenants"],
] as const;
const TABLE = Object.fromEntries(TABLES) as Record<NarrowPlace["level"], string>;
const FORGET_AUTHORIZATIONS = "DELETE FROM authorizations WHERE secret_id IN (SELECT value FROM json_each(?))";
const FORGET_SOURCES = "DELETE FROM event_sources WHERE source IN (SELECT value FROM json_each(?))";
const FORGET_SECRETS = "DELETE FROM secrets WHERE id IN (SELECT value FROM json_each(?))";
/** A job may come back to an id that somebody uses anew. ?1 is the place's level, ?2 its id. */
const IS_REMOVED = "EXISTS (SELECT 1 FROM places WHERE level = ?1 AND id = ?2 AND NOT is_live)";

/** Makes a place, if it is still the one that was made then, and everything below it unreachable: nothing finds it or adds to it any more, and its keys are gone. */
export async function markRemoved(
  db: D1Database,
  { level, id }: NarrowPlace,
  createdAt: number,
  at: number,
): Promise<void> {
  const below = `SELECT level, id FROM places WHERE ${level}_id = ? AND NOT is_live`;
  await db.batch([
    db
      .prepare(`UPDATE ${TABLE[level]} SET removed_at = ?3 WHERE id = ?1 AND created_at = ?2 AND removed_at IS NULL`)
      .bind(id, createdAt, at),
    db.prepare(`DELETE FROM api_keys WHERE (level, place_id) IN (${below})`).bind(id),
  ]);
}

/** Finds some of the secrets that a removed place has, or that consent flows in it were to make. Less than `limit`: that is all. */
export async function findSecretsIn(
  db: D1Database,
  { level, id }: NarrowPlace,
  except: SecretId[],
  limit: number,
): Promise<Remains[]> {
  const within = `workspace_id IN (SELECT id FROM places WHERE level = 'workspace' AND ${level}_id = ?1 AND NOT is_live)`;
  const named = "(SELECT value FROM json_each(?2))";
  const sql = `
    SELECT * FROM (SELECT workspace_id, id FROM secrets WHERE ${within} AND id NOT IN ${named} LIMIT ?3)
    UNION
    SELECT * FROM (SELECT DISTINCT workspace_id, secret_id FROM authorizations
      WHERE ${within} AND secret_id NOT IN ${named} LIMIT ?3)
    LIMIT ?3`;
  const { results } = await db.prepare(sql).bind(id, JSON.stringify(except), limit).all<Row>();
  return results.map((row) => ({ id: row.id, workspaceId: row.workspace_id }));
}

/** Removes secrets from the index, the ways to their consent flows, and what is known of how far they told of themselves. */
export async function forgetSecrets(db: D1Database, ids: SecretId[]): Promise<void> {
  const named = JSON.stringify(ids);
  await db.batch([FORGET_AUTHORIZATIONS, FORGET_SOURCES, FORGET_SECRETS].map((sql) => db.prepare(sql).bind(named)));
}

/** Removes a place that has no secrets any more, with everything below it, all at once: until then its ids stay taken. */
export async function forgetPlace(db: D1Database, { level, id }: NarrowPlace): Promise<void> {
  const below = `FROM places WHERE ${level}_id = ?2`;
  await db.batch([
    db
      .prepare(`DELETE FROM auth_clients WHERE (level, place_id) IN (SELECT level, id ${below}) AND ${IS_REMOVED}`)
      .bind(level, id),
    ...TABLES.map(([each, table]) =>
      db
        .prepare(`DELETE FROM ${table} WHERE id IN (SELECT id ${below} AND level = '${each}') AND ${IS_REMOVED}`)
        .bind(level, id),
    ),
  ]);
}

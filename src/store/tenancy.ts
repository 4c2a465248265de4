/** Tenants, contracts and workspaces in D1: made, found, listed. They go in `removals`. */

import type { NarrowLevel, NarrowPlace, Place } from "../domain/place.ts";
import { ServiceError } from "../errors.ts";
import { type Page, type Paged, readPage } from "./page.ts";
import { liesIn } from "./places.ts";

/** A tenant, contract or workspace as it is registered. */
export interface Registration {
  level: NarrowLevel;
  id: string;
  name: string;
  /** The id of a contract's tenant or a workspace's contract. */
  parentId: string | null;
  /** Milliseconds since the epoch. */
  createdAt: number;
}

interface Row {
  level: NarrowLevel;
  id: string;
  name: string;
  created_at: number;
  tenant_id: string;
  contract_id: string | null;
}

/** ?1 is the id, ?2 the parent's, ?3 the name, ?4 the instant, ?5 whether a workspace that is in use may be taken. */
const INSERT: Record<NarrowLevel, string> = {
  tenant: "INSERT INTO tenants (id, name, created_at) VALUES (?1, ?3, ?4) ON CONFLICT DO NOTHING",
  contract: `INSERT INTO contracts (id, tenant_id, name, created_at)
    SELECT ?1, id, ?3, ?4 FROM places WHERE level = 'tenant' AND id = ?2 AND is_live
    ON CONFLICT DO NOTHING`,
  workspace: `INSERT INTO workspaces (id, contract_id, name, created_at)
    SELECT ?1, id, ?3, ?4 FROM places WHERE level = 'contract' AND id = ?2 AND is_live AND (?5 OR NOT (
      EXISTS (SELECT 1 FROM secrets WHERE workspace_id = ?1)
      OR EXISTS (SELECT 1 FROM authorizations WHERE workspace_id = ?1)
      OR EXISTS (SELECT 1 FROM auth_clients WHERE level = 'workspace' AND place_id = ?1)
      OR EXISTS (SELECT 1 FROM api_keys WHERE level = 'workspace' AND place_id = ?1)))
    ON CONFLICT DO NOTHING`,
};

/** The live places of one level, of which SQLite reads a page in order; of the view it would read and sort all there are. */
const LIVE: Record<NarrowLevel, string> = {
  tenant: `(SELECT 'tenant' AS level, id, name, created_at, id AS tenant_id, NULL AS contract_id, NULL AS workspace_id
    FROM tenants WHERE removed_at IS NULL)`,
  contract: `(SELECT 'contract' AS level, c.id, c.name, c.created_at, c.tenant_id, c.id AS contract_id, NULL AS workspace_id
    FROM contracts c JOIN tenants t ON t.id = c.tenant_id
    WHERE c.removed_at IS NULL AND t.removed_at IS NULL)`,
  workspace: `(SELECT 'workspace' AS level, w.id, w.name, w.created_at, c.tenant_id, w.contract_id, w.id AS workspace_id
    FROM workspaces w JOIN contracts c ON c.id = w.contract_id JOIN tenants t ON t.id = c.tenant_id
    WHERE w.removed_at IS NULL AND c.removed_at IS NULL AND t.removed_at IS NULL)`,
};

/**
 * Stores a new place.
 * @param mayAdopt whether a workspace that has been used without being registered may be taken into the contract.
 * @throws {ServiceError} `conflict` when the id is taken
 */
export async function insertRegistration(db: D1Database, place: Registration, mayAdopt: boolean): Promise<void> {
  const { level, id, parentId, name, createdAt } = place;
  const values =
    level === "workspace" ? [id, parentId, name, createdAt, mayAdopt ? 1 : 0] : [id, parentId, name, createdAt];
  const { meta } = await db
    .prepare(INSERT[level])
    .bind(...values)
    .run();
  if (meta.changes > 0) return;
  throw new ServiceError("conflict", [{ detail: "This id is taken.", pointer: "/data/id" }]);
}

/** Finds a place that is registered and not being deleted. */
export async function findRegistration(db: D1Database, { level, id }: NarrowPlace): Promise<Registration | null> {
  const live = "SELECT * FROM places WHERE level = ?1 AND id = ?2 AND is_live";
  const row = await db.prepare(live).bind(level, id).first<Row>();
  return row === null ? null : registrationOf(row);
}

/** Lists the places of one level that lie in a place. */
export async function listRegistrations(
  db: D1Database,
  level: NarrowLevel,
  within: Place,
  page: Page,
): Promise<Paged<Registration>> {
  const { items, total } = await readPage<Row>(db, LIVE[level], liesIn(within), page);
  return { items: items.map(registrationOf), total };
}

function registrationOf({ level, id, name, created_at, tenant_id, contract_id }: Row): Registration {
  const parentId = { tenant: null, contract: tenant_id, workspace: contract_id }[level];
  return { level, id, name, parentId, createdAt: created_at };
}

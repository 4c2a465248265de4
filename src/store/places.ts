/** Where things belong, in D1: which places there are, what contains them, and the two columns that name one. */

import type { ContractId, TenantId, WorkspaceId } from "../domain/ids.ts";
import { GLOBAL, type Level, type Lineage, type NarrowLevel, type NarrowPlace, type Place } from "../domain/place.ts";
import type { Condition } from "./page.ts";

/** The columns in which the place of a thing is stored. */
export interface PlaceColumns {
  level: Level;
  place_id: string | null;
}

interface Row {
  tenant_id: TenantId;
  contract_id: ContractId | null;
  is_live: 0 | 1;
}

const FIND = "SELECT tenant_id, contract_id, is_live FROM places WHERE level = ?1 AND id = ?2";

/** What was around a place when somebody was let in there, as `tenant/contract`; null: nobody knows any more. */
export type Seen = string | null;
/** Seen around a workspace that is not registered. */
export const NOWHERE = "/";

/**
 * A condition for statements that add something to a place: ?1 is its level, ?2 its id, ?3 what was seen around it. It fails when the
 * place is being deleted, is unknown, or is another than it was, so that nothing slips in behind a deletion. A workspace needs no
 * registration (docs/decisions/0001); but one that was registered when the caller was let in, and is no more, was deleted meanwhile.
 */
export const PLACE_IS_LIVE = isLivePlace("?1", "?2", "?3");

/** The same condition on other values, each given as SQL. */
export function isLivePlace(level: string, id: string, seen: string): string {
  return `coalesce(
  (SELECT is_live AND coalesce(${seen} = tenant_id || '/' || coalesce(contract_id, ''), 1)
    FROM places WHERE level = ${level} AND id = ${id}),
  ${level} = 'global' OR (${level} = 'workspace' AND coalesce(${seen}, '/') = '/'))`;
}

/** Gives the values of `PLACE_IS_LIVE` for the place that a lineage is of. */
export function asSeen(at: Lineage): [level: Level, id: string | null, seen: Seen] {
  return [...columnsOf(at[0]), seenAround(at)];
}

export function seenAround(at: Lineage): string {
  const idAt = (level: NarrowLevel) => at.find((place): place is NarrowPlace => place.level === level)?.id ?? "";
  return `${idAt("tenant")}/${idAt("contract")}`;
}

/** Finds what contains a place. Null: it is unknown, or being deleted. A workspace that is not registered lies in no contract. */
export async function findLineage(db: D1Database, place: Place): Promise<Lineage | null> {
  if (place.level === "global") return GLOBAL;
  const row = await db.prepare(FIND).bind(place.level, place.id).first<Row>();
  if (row === null) return place.level === "workspace" ? [place, ...GLOBAL] : null;
  if (row.is_live === 0) return null;
  const tenant: Place = { level: "tenant", id: row.tenant_id };
  if (place.level === "tenant") return [place, ...GLOBAL];
  if (place.level === "contract") return [place, tenant, ...GLOBAL];
  return [place, { level: "contract", id: row.contract_id as ContractId }, tenant, ...GLOBAL];
}

/** Selects rows of `places` that lie in a place. */
export function liesIn(place: Place): Condition[] {
  return place.level === "global" ? [] : [{ sql: `${place.level}_id = ?`, values: [place.id] }];
}

/** Selects rows with the columns of a place, by what contains it. */
export function belongsIn(place: Place): Condition[] {
  if (place.level === "global") return [];
  // It may be one that is not registered.
  if (place.level === "workspace") return [{ sql: "level = 'workspace' AND place_id = ?", values: [place.id] }];
  const sql = `(level, place_id) IN (SELECT level, id FROM places WHERE ${place.level}_id = ?)`;
  return [{ sql, values: [place.id] }];
}

/** Selects rows with the columns of a place, by whether what they are can be used in a place: it is theirs, or a wider one's. */
export function usableAt(lineage: Lineage): Condition {
  const narrow = lineage.filter((place) => place.level !== "global");
  const alternatives = ["level = 'global'", ...narrow.map(({ level }) => `(level = '${level}' AND place_id = ?)`)];
  return { sql: alternatives.join(" OR "), values: narrow.map(({ id }) => id) };
}

/** Writes a place as its columns. */
export function columnsOf(place: Place): [level: Level, id: string | null] {
  return [place.level, place.level === "global" ? null : place.id];
}

/** Reads a place from its columns. */
export function placeOf({ level, place_id }: PlaceColumns): Place {
  switch (level) {
    case "global":
      return { level };
    case "tenant":
      return { level, id: place_id as TenantId };
    case "contract":
      return { level, id: place_id as ContractId };
    case "workspace":
      return { level, id: place_id as WorkspaceId };
  }
}

/** What a person may do, so that a page shows no button that would fail. Decides nothing: the API does, and this asks the same rules before. */

import {
  clientPermission,
  holds,
  keyPermission,
  type Permission,
  type Principal,
  visibleKeyLevels,
  visibleLevels,
} from "../domain/permissions.ts";
import { GLOBAL, type Level, LEVELS, type NarrowLevel, type Place } from "../domain/place.ts";
import type { Context } from "./service.ts";

/** Decides whether the person holds a permission in the workspace whose pages these are. */
export function may(c: Context, permission: Permission): boolean {
  return holds(c.get("principal"), permission);
}

/** Decides whether the person may do this to a client of this level, of those that a page shows. */
export function mayWithClient(c: Context, level: Level, action: "edit" | "delete"): boolean {
  return liesWithin(c.get("principal"), level) && holds(c.get("principal"), clientPermission(level, action));
}

/** Decides whether the person may revoke a key of this level. */
export function mayRevoke(c: Context, level: Level): boolean {
  return holds(c.get("principal"), keyPermission(level, "delete"));
}

/** Decides whether there are auth clients that the person may see. */
export function seesClients(c: Context): boolean {
  return visibleLevels(c.get("principal")).length > 0;
}

/** Decides whether the person may see auth clients of this level. */
export function seesClientsOf(c: Context, level: Level): boolean {
  return visibleLevels(c.get("principal")).includes(level);
}

/** Decides whether the person may make secrets here: for that they have to pick an auth client. */
export function mayConnect(c: Context): boolean {
  return c.get("workspace") !== null && may(c, "workspaces.auth_secret.create") && seesClients(c);
}

/** Decides whether there are keys that the person may see here. */
export function seesKeys(c: Context): boolean {
  return visibleKeyLevels(c.get("principal"), hereOf(c)).length > 0;
}

/** What the place of these pages is: the workspace, or else the person's own. */
export function hereOf(c: Context): Place {
  const workspace = c.get("workspace");
  return workspace === null ? c.get("principal").lineage[0] : { level: "workspace", id: workspace };
}

/** Names the place of these pages as the API's queries do. */
export function hereQuery(c: Context): string {
  const here = hereOf(c);
  return here.level === "global" ? "" : `${here.level}_id=${encodeURIComponent(here.id)}`;
}

/** A wide scope picks its workspace; a workspace's own has nothing to pick. */
export function picksWorkspace(c: Context): boolean {
  return c.get("principal").lineage[0].level !== "workspace";
}

/** Lists the levels for which the person may make a client or a key, the narrowest first. */
export function levelsToMake(c: Context, of: "client" | "key"): Level[] {
  const principal = c.get("principal");
  const permissionAt = of === "client" ? clientPermission : keyPermission;
  return LEVELS.filter(
    (level) => liesWithin(principal, level) && holds(principal, permissionAt(level, "create")),
  ).toReversed();
}

/** The relationships of which one names the place of a resource. */
type Placed = { [level in NarrowLevel]?: { data: { id: string } } | undefined };

/** Reads of which level a resource is, by the relationship that names its place. */
export function levelOf(relationships: Placed): Level {
  return LEVELS.findLast((level) => level !== "global" && relationships[level] !== undefined) ?? GLOBAL[0].level;
}

/** Says where a resource belongs, for people. */
export function placeInWords(relationships: Placed): string {
  const level = levelOf(relationships);
  return level === "global" ? "Everybody" : `${level} ${relationships[level]?.data.id ?? ""}`;
}

function liesWithin({ lineage: [own] }: Principal, level: Level): boolean {
  return LEVELS.indexOf(own.level) <= LEVELS.indexOf(level);
}

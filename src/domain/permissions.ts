/** Who may do what, and where. Every decision about permission is made here; nothing here knows how a caller proved who they are. */

import { ServiceError } from "../errors.ts";
import type { Place } from "./auth-client.ts";

type Action = "get" | "create" | "edit" | "delete";

/** Names what a caller may do, by the level of the thing it touches. */
export type Permission =
  | `${"global" | "workspaces"}.auth_clients.${Action}`
  | `workspaces.auth_secret.${Action | "get_credentials" | "refresh"}`;

/** Somebody who proved who they are: what they may do, and the place they may do it in. */
export interface Principal {
  /** Names the caller in logs, for instance `root`. Never a credential. */
  id: string;
  place: Place;
  permissions: "all" | ReadonlySet<Permission>;
}

/** Decides whether a principal's own place contains another place. */
export function contains(outer: Place, inner: Place): boolean {
  if (outer.level === "global") return true;
  return inner.level === outer.level && inner.id === outer.id;
}

/** Decides whether a principal holds a permission, wherever it counts. */
export function holds(principal: Principal, permission: Permission): boolean {
  return principal.permissions === "all" || principal.permissions.has(permission);
}

/**
 * Returns when the principal may do this in that place, else throws.
 * A place outside the principal's own does not exist for them: `not_found`. A permission they lack: `forbidden`.
 */
export function permit(principal: Principal, permission: Permission, place: Place): void {
  if (!contains(principal.place, place)) throw new ServiceError("not_found", "There is no such resource.");
  if (!holds(principal, permission)) throw new ServiceError("forbidden", `This needs the permission ${permission}.`);
}

/** Names the permission for an action on a client of this level. */
export function clientPermission(place: Place, action: Action): Permission {
  return place.level === "global" ? `global.auth_clients.${action}` : `workspaces.auth_clients.${action}`;
}

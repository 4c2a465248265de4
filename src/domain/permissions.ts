/** Who may do what, and where. Every decision about permission is made here; nothing here knows how a caller proved who they are. */

import { ServiceError } from "../errors.ts";
import { contains, type Level, LEVELS, type Lineage, type Place } from "./place.ts";

type Maintain = "get" | "edit";
type Make = "get" | "create" | "delete";
type Change = Make | "edit";
type Plural = (typeof PLURAL)[Level];

const PLURAL = { global: "global", tenant: "tenants", contract: "contracts", workspace: "workspaces" } as const;

/** Names what a caller may do, by the level of the thing that it touches. */
export type Permission =
  | `${Plural}.auth_clients.${Change}`
  | `workspaces.auth_secret.${Change | "get_credentials" | "refresh"}`
  | `global.tenants.${Make}`
  | `tenants.contracts.${Make}`
  | `contracts.workspaces.${Make}`
  | `${Plural}.api_keys.${Make}`
  | `global.maintenance.${Maintain}`
  | `${Plural}.events.get`
  | `${Exclude<Plural, "global">}.webhooks.${Change}`;

const MAKE = ["get", "create", "delete"] as const;
const CHANGE = [...MAKE, "edit"] as const;
const PLURALS = Object.values(PLURAL);

/** Every permission that there is. */
export const PERMISSIONS: readonly Permission[] = [
  ...PLURALS.flatMap((level) => CHANGE.map((action) => `${level}.auth_clients.${action}` as const)),
  ...([...CHANGE, "get_credentials", "refresh"] as const).map((action) => `workspaces.auth_secret.${action}` as const),
  ...MAKE.map((action) => `global.tenants.${action}` as const),
  ...MAKE.map((action) => `tenants.contracts.${action}` as const),
  ...MAKE.map((action) => `contracts.workspaces.${action}` as const),
  ...PLURALS.flatMap((level) => MAKE.map((action) => `${level}.api_keys.${action}` as const)),
  "global.maintenance.get",
  "global.maintenance.edit",
  ...PLURALS.map((level) => `${level}.events.get` as const),
  ...(["tenants", "contracts", "workspaces"] as const).flatMap((level) =>
    CHANGE.map((action) => `${level}.webhooks.${action}` as const),
  ),
];

/** Somebody who proved who they are: what they may do, and the place in which they may do it. */
export interface Principal {
  /** Names the caller in logs, for instance `root`. Never a credential. */
  id: string;
  lineage: Lineage;
  permissions: "all" | ReadonlySet<Permission>;
  /** When the key ends by which they came, in milliseconds since the epoch; absent: never, or it is no key. */
  keyEndsAt?: number;
}

/** Decides whether a text is the name of a permission. */
export function isPermission(text: string): text is Permission {
  return (PERMISSIONS as readonly string[]).includes(text);
}

/** Decides whether a principal holds a permission, wherever it counts. */
export function holds(principal: Principal, permission: Permission): boolean {
  return principal.permissions === "all" || principal.permissions.has(permission);
}

/** Decides whether a thing lies within a principal's own place. */
export function reaches(principal: Principal, thing: Lineage): boolean {
  return contains(principal.lineage[0], thing);
}

/** Returns when the principal may do this to a thing in that place. @throws {ServiceError} `not_found`, `forbidden` */
export function permit(principal: Principal, permission: Permission, thing: Lineage): void {
  if (!reaches(principal, thing)) throw outOfReach(principal, thing[0]);
  if (!holds(principal, permission)) throw lacking(permission);
}

/**
 * What a caller is told of a place that is not within their own: that of a place around theirs, which they know of, they may not ask
 * this, `forbidden`; that any other is not there, `not_found`. `pointer` says where they named it.
 */
export function outOfReach(principal: Principal, place: Place, pointer?: string): ServiceError {
  if (!contains(place, principal.lineage)) return nothingThere(pointer);
  const [own] = principal.lineage;
  return new ServiceError(
    "forbidden",
    `This is of the ${place.level} level, and what you may do ends at the ${own.level} level.`,
  );
}

/** What a caller is told of things that are not there, or not theirs: the same. `pointer` says where they were named. */
export function nothingThere(pointer?: string): ServiceError {
  const detail = "There is no such resource.";
  return new ServiceError("not_found", [pointer === undefined ? { detail } : { detail, pointer }]);
}

export function lacking(permission: Permission): ServiceError {
  return new ServiceError("forbidden", `This needs the permission ${permission}.`);
}

/** Lists the levels whose auth clients a principal may see: a permission to get those of one level is good for the wider ones too. */
export function visibleLevels(principal: Principal): readonly Level[] {
  const narrowest = LEVELS.findLastIndex((level) => holds(principal, clientPermission(level, "get")));
  return LEVELS.slice(0, narrowest + 1);
}

/** Lists the levels, of a place and below it, whose API keys a principal may see. */
export function visibleKeyLevels(principal: Principal, { level }: Place): readonly Level[] {
  return LEVELS.slice(LEVELS.indexOf(level)).filter((each) => holds(principal, keyPermission(each, "get")));
}

/** Names the permission for an action on an auth client of this level. */
export function clientPermission(level: Level, action: Change): Permission {
  return `${PLURAL[level]}.auth_clients.${action}`;
}

/** Names the permission for an action on an API key whose scope has this level. */
export function keyPermission(level: Level, action: Make): Permission {
  return `${PLURAL[level]}.api_keys.${action}`;
}

/** Names the permission to read the trail of a place of this level. */
export function eventsPermission(level: Level): Permission {
  return `${PLURAL[level]}.events.get`;
}

/** Where things belong: everywhere, or to one tenant, contract or workspace. A wider place contains the narrower ones below it. */

import type { ContractId, TenantId, WorkspaceId } from "./ids.ts";

export type Place =
  | { level: "global" }
  | { level: "tenant"; id: TenantId }
  | { level: "contract"; id: ContractId }
  | { level: "workspace"; id: WorkspaceId };

export type Level = Place["level"];

/** A place below the global one. */
export type NarrowPlace = Exclude<Place, { level: "global" }>;
export type NarrowLevel = NarrowPlace["level"];

/** A place and every place that contains it, narrowest first. The last is always the global one. */
export type Lineage = readonly [Place, ...Place[]];

export const GLOBAL: Lineage = [{ level: "global" }];

/** Lists the levels from the widest to the narrowest. */
export const LEVELS: readonly Level[] = ["global", "tenant", "contract", "workspace"];

/** Decides whether two places are one. */
export function isSame(one: Place, other: Place): boolean {
  if (one.level === "global" || other.level === "global") return one.level === other.level;
  return one.level === other.level && one.id === other.id;
}

/** Decides whether a place is the inner one, or one that contains it. */
export function contains(outer: Place, inner: Lineage): boolean {
  return inner.some((each) => isSame(each, outer));
}

/** May they, there? Asked before anything is looked up but what contains what. */

import type { WorkspaceId } from "../domain/ids.ts";
import { outOfReach, permit, type Permission, reaches } from "../domain/permissions.ts";
import { GLOBAL, isSame, type Lineage, type Place } from "../domain/place.ts";
import { toServiceError } from "../errors.ts";
import { findLineage } from "../store/places.ts";
import type { Context } from "./context.ts";
import { changesNothing, isolateMemory } from "./isolate-memory.ts";
import { noteDenied } from "./trail.ts";

/** Gives what contains a place that is within the caller's own. @throws {ServiceError} `not_found`, `forbidden` */
export async function reach(c: Context, place: Place, pointer?: string): Promise<Lineage> {
  const principal = c.get("principal");
  const own = principal.lineage[0];
  // What contains the caller was looked up with who they are; and nothing lies in a workspace but itself.
  if (isSame(own, place)) return principal.lineage;
  const lineage = own.level === "workspace" ? null : await around(c, place);
  if (lineage !== null && reaches(principal, lineage)) return lineage;
  const refusal = outOfReach(principal, place, pointer);
  // Told in the caller's own place: whoever has any key must not write into everybody's trail. What is not there is of interest to nobody; from
  // inside a workspace it is not looked up.
  throw lineage === null && own.level !== "workspace" ? refusal : noteDenied(c, principal.lineage, refusal);
}

/** What contains a place: for requests that change nothing from memory, if that lets the caller in. */
async function around(c: Context, place: Place): Promise<Lineage | null> {
  if (place.level === "global") return GLOBAL;
  if (!changesNothing(c)) return await findLineage(c.env.DB, place);
  const memory = isolateMemory(c.env);
  const known = memory.findLineage(place);
  if (known !== undefined && reaches(c.get("principal"), known)) return known;
  return await memory.learnLineage(c, place);
}

/** Returns when the caller may do this in the place. @throws {ServiceError} `not_found`, `forbidden` */
export async function permitAt(c: Context, permission: Permission, place: Place, pointer?: string): Promise<Lineage> {
  const lineage = await reach(c, place, pointer);
  try {
    permit(c.get("principal"), permission, lineage);
  } catch (error) {
    throw noteDenied(c, lineage, toServiceError(error));
  }
  return lineage;
}

/** Returns when the caller may do this in the workspace. @throws {ServiceError} `not_found`, `forbidden` */
export async function permitIn(c: Context, workspace: WorkspaceId, permission: Permission): Promise<Lineage> {
  return await permitAt(c, permission, { level: "workspace", id: workspace });
}

/** Tenants, contracts and workspaces on the wire, and the relationships that name the place that a thing belongs to. */

import { z } from "@hono/zod-openapi";
import type { ContractId, TenantId, WorkspaceId } from "../domain/ids.ts";
import type { NarrowLevel, Place } from "../domain/place.ts";
import type { Problem } from "../errors.ts";
import {
  instantSchema,
  memberAt,
  nameSchema,
  platformIdSchema,
  relatedSchema,
  relatedTo,
  relationship,
} from "./document.ts";
import { instant } from "./instant.ts";

const NARROW_LEVELS: readonly NarrowLevel[] = ["workspace", "contract", "tenant"];

/** Relationships of which one says to what a thing belongs; none: it is global. */
export const placeRelationships = {
  workspace: relationship<WorkspaceId>("workspace").optional(),
  contract: relationship<ContractId>("contract").optional(),
  tenant: relationship<TenantId>("tenant").optional(),
};

interface PlaceRelationships {
  workspace?: { data: { id: WorkspaceId } } | undefined;
  contract?: { data: { id: ContractId } } | undefined;
  tenant?: { data: { id: TenantId } } | undefined;
}

/** The same, as they are written. */
export const shownPlaceRelationships = {
  workspace: relatedSchema("workspace").optional(),
  contract: relatedSchema("contract").optional(),
  tenant: relatedSchema("tenant").optional(),
};

/** Reads which place relationships name; null: none. */
export function placeIn({ workspace, contract, tenant }: PlaceRelationships): Place | null {
  if (workspace !== undefined) return { level: "workspace", id: workspace.data.id };
  if (contract !== undefined) return { level: "contract", id: contract.data.id };
  return tenant === undefined ? null : { level: "tenant", id: tenant.data.id };
}

/** Finds relationships that name more than one place. */
export function placeProblems(sent: unknown): Problem[] {
  const named = NARROW_LEVELS.filter((level) => memberAt(sent, ["data", "relationships", level]) !== undefined);
  return named.slice(1).map((level) => ({
    detail: `"${level}" cannot stand beside "${named[0]}": a thing belongs to one place.`,
    pointer: `/data/relationships/${level}`,
  }));
}

/** Says where in a document a place is named. */
export function pointerToPlace({ level }: Place): string {
  return `/data/relationships/${level}/data/id`;
}

/** Writes the relationship to a place; the global one has none. */
export function relatedPlace(place: Place) {
  return place.level === "global" ? {} : { [place.level]: relatedTo(place.level, place.id, selfOf(place)) };
}

function selfOf({ level, id }: { level: NarrowLevel; id: string }): string {
  return `/v2/${level}s/${id}`;
}

/** Makes the schema of a document that creates a tenant, contract or workspace; the id may be the caller's own. */
export function newPlaceSchema<R extends z.ZodType>(type: NarrowLevel, relationships: R) {
  return z.strictObject({
    data: z.strictObject({
      type: z.literal(type),
      id: platformIdSchema.optional().openapi({ description: "Your own; a UUID when you give none." }),
      attributes: z.strictObject({ name: nameSchema }),
      relationships,
    }),
  });
}

/** How a tenant, contract or workspace is shown. */
export const placeSchema = z
  .strictObject({
    id: z.string(),
    type: z.enum(["tenant", "contract", "workspace"]),
    attributes: z.strictObject({ name: z.string(), created_at: instantSchema }),
    relationships: z.strictObject({
      contract: relatedSchema("contract").optional(),
      tenant: relatedSchema("tenant").optional(),
    }),
    links: z.strictObject({ self: z.string() }),
  })
  .openapi("Place");

/** Shows a tenant, contract or workspace. */
export function placeResource(
  place: { level: NarrowLevel; id: string; name: string; createdAt: number },
  parent: Place | null,
): z.infer<typeof placeSchema> {
  return {
    id: place.id,
    type: place.level,
    attributes: { name: place.name, created_at: instant(place.createdAt) },
    relationships: parent === null ? {} : relatedPlace(parent),
    links: { self: selfOf(place) },
  };
}

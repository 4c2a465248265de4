/** API keys on the wire. The key itself stands in one answer only: the one that creates it. */

import { z } from "@hono/zod-openapi";
import { type Permission, PERMISSIONS } from "../domain/permissions.ts";
import type { Place } from "../domain/place.ts";
import type { Problem } from "../errors.ts";
import { instantSchema, instantTextSchema, memberAt, nameSchema, requestDocument } from "./document.ts";
import { instant } from "./instant.ts";
import { placeProblems, placeRelationships, relatedPlace, shownPlaceRelationships } from "./place.ts";

const permissionSchema = z
  .enum(PERMISSIONS as [Permission, ...Permission[]], { error: "must hold names of permissions" })
  .openapi("Permission");

/** What `POST /v2/api-keys` takes. */
export const newApiKeySchema = requestDocument(
  "api-key",
  z.strictObject({
    name: nameSchema,
    email: z
      .email()
      .max(254)
      .nullish()
      .openapi({ description: "The user name that Basic authorization must then have; without one any will do." }),
    permissions: z.array(permissionSchema).max(PERMISSIONS.length),
    expires_at: instantTextSchema.nullish().openapi({ description: "Never, when it is not given." }),
  }),
  z.strictObject(placeRelationships).default({}),
);

/** Finds what is wrong with a new key besides its schema: more than one place, or an end that has passed. */
export function newKeyProblems(sent: unknown, now: number): Problem[] {
  const expiresAt = memberAt(sent, ["data", "attributes", "expires_at"]);
  const isOver = typeof expiresAt === "string" && Date.parse(expiresAt) <= now;
  const over = { detail: '"expires_at" must lie in the future.', pointer: "/data/attributes/expires_at" };
  return [...placeProblems(sent), ...(isOver ? [over] : [])];
}

/** How a key is shown. */
export const apiKeySchema = z
  .strictObject({
    id: z.string(),
    type: z.literal("api-key"),
    attributes: z.strictObject({
      key: z.string().optional().openapi({ description: "Only in the answer that creates it: keep it now." }),
      name: z.string(),
      email: z.string().nullable(),
      permissions: z.array(permissionSchema),
      created_at: instantSchema,
      expires_at: instantSchema.nullable(),
      last_used_at: instantSchema.nullable().openapi({ description: "To the minute." }),
    }),
    relationships: z.strictObject(shownPlaceRelationships),
  })
  .openapi("ApiKey");

interface ShownKey {
  id: string;
  name: string;
  email: string | null;
  place: Place;
  permissions: Permission[];
  expiresAt: number | null;
  createdAt: number;
  lastUsedAt: number | null;
}

/** Shows a key; `key` is the whole of it, known only while it is made. */
export function apiKeyResource(shown: ShownKey, key?: string): z.infer<typeof apiKeySchema> {
  return {
    id: shown.id,
    type: "api-key",
    attributes: {
      ...(key !== undefined && { key }),
      name: shown.name,
      email: shown.email,
      permissions: shown.permissions,
      created_at: instant(shown.createdAt),
      expires_at: instant(shown.expiresAt),
      last_used_at: instant(shown.lastUsedAt),
    },
    relationships: relatedPlace(shown.place),
  };
}

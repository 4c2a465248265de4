/** Parts of requests that many routes share. */

import { z } from "@hono/zod-openapi";
import { OWN_ID, PLATFORM_ID, type WorkspaceId } from "../domain/ids.ts";

/** An id that this service made, in a path. */
export const ownId = <Id extends string>() =>
  z
    .string()
    .regex(OWN_ID)
    .transform((text) => text as Id);

/** A workspace's id, in a path or query. */
export const workspaceId = z
  .string()
  .regex(PLATFORM_ID)
  .transform((text) => text as WorkspaceId);

/** A required JSON body; both of the media types that API documents name are taken. */
export function jsonBody<S extends z.ZodType>(schema: S) {
  return { content: { "application/json": { schema } }, required: true } as const;
}

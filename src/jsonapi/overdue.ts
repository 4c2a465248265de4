/** Overdue refreshes on the wire: how many there are, and since when. */

import { z } from "@hono/zod-openapi";
import { instantSchema } from "./document.ts";
import { instant } from "./instant.ts";

export const OVERDUE_PATH = "/v2/maintenance/overdue";

/** How overdue refreshes are shown. */
export const overdueSchema = z
  .strictObject({
    id: z.literal("overdue"),
    type: z.literal("overdue"),
    attributes: z.strictObject({
      count: z.int().openapi({ description: "Secrets whose refresh should have begun at least two minutes ago." }),
      oldest_due_at: instantSchema
        .nullable()
        .openapi({ description: "When the first of them was due; null: there is none." }),
      oldest_age_seconds: z.int().nullable().openapi({ description: "How long ago that is." }),
      unchecked: z.int().openapi({
        description: "Secrets that may be overdue as well: there were too many to ask, or they did not answer.",
      }),
    }),
    links: z.strictObject({ self: z.string() }),
  })
  .openapi("Overdue");

/** Shows overdue refreshes by the moments at which they were due. */
export function overdueResource(dueAt: number[], unchecked: number, now: number): z.infer<typeof overdueSchema> {
  const oldest = dueAt.length === 0 ? null : Math.min(...dueAt);
  return {
    id: "overdue",
    type: "overdue",
    attributes: {
      count: dueAt.length,
      oldest_due_at: instant(oldest),
      oldest_age_seconds: oldest === null ? null : Math.floor((now - oldest) / 1000),
      unchecked,
    },
    links: { self: OVERDUE_PATH },
  };
}

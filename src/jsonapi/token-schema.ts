/** The schema of a token on the wire. */

import { z } from "@hono/zod-openapi";
import { HEALTH_STATUSES } from "../domain/secret.ts";
import { instantSchema } from "./document.ts";

export const healthStatusSchema = z.enum(HEALTH_STATUSES);

const headersSchema = z.record(z.string(), z.string()).openapi({ description: "What a step puts on its request." });

/** How a token is shown. */
export const tokenSchema = z
  .union([
    z.strictObject({
      type: z.literal("oauth2"),
      access_token: z.string(),
      token_type: z.string(),
      expires_at: instantSchema.nullable().openapi({ description: "Null: never." }),
      expires_in: z.int().nullable().openapi({ description: "How many seconds are left now." }),
      scope: z.string().nullable(),
      version: z.int(),
      health: healthStatusSchema,
      headers: headersSchema,
    }),
    z.strictObject({
      type: z.string().openapi({ description: "Any but `oauth2`.", not: { const: "oauth2" } }),
      version: z.int(),
      headers: headersSchema,
    }),
  ])
  .openapi("Token");

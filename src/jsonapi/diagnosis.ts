/** A diagnosis of an auth client on the wire: what is asked, and what was found. */

import { z } from "@hono/zod-openapi";
import { CHECKS, type Finding, FINDING_CODES, LEVELS } from "../domain/diagnosis.ts";
import type { AuthClientId } from "../domain/ids.ts";
import { fieldsSchema, relatedSchema, relatedTo } from "./document.ts";

/** What `POST /v2/auth-clients/{id}/diagnose` takes; nothing will do as well. */
export const diagnosisRequestSchema = z.strictObject({
  data: z
    .strictObject({
      type: z.literal("diagnosis"),
      attributes: z
        .strictObject({
          fields: fieldsSchema.optional().openapi({
            description: "What stands for the variables in URIs, as the `fields` of a secret would say it.",
          }),
        })
        .default({}),
    })
    .optional(),
});

const findingSchema = z
  .strictObject({
    check: z.enum(CHECKS).openapi({ description: "What was looked at." }),
    level: z.enum(LEVELS),
    code: z.enum(FINDING_CODES).openapi({ description: "For programs. The list is closed." }),
    detail: z.string().openapi({ description: "For people: what is wrong, and what to do." }),
    about: z.string().openapi({ description: "What of the client's document it is about (RFC 6901)." }),
  })
  .openapi("Finding");

/** How a diagnosis is shown. */
export const diagnosisSchema = z
  .strictObject({
    id: z.string().openapi({ description: "That of the auth client." }),
    type: z.literal("diagnosis"),
    attributes: z.strictObject({
      ok: z.boolean().openapi({ description: "There is no finding of level `error`." }),
      findings: z.array(findingSchema),
    }),
    relationships: z.strictObject({ auth_client: relatedSchema("auth-client") }),
    links: z.strictObject({ self: z.string() }),
  })
  .openapi("Diagnosis");

/** Shows what was found. */
export function diagnosisResource(client: AuthClientId, findings: Finding[]): z.infer<typeof diagnosisSchema> {
  const path = `/v2/auth-clients/${client}`;
  return {
    id: client,
    type: "diagnosis",
    attributes: { ok: findings.every(({ level }) => level !== "error"), findings },
    relationships: { auth_client: relatedTo("auth-client", client, path) },
    links: { self: `${path}/diagnose` },
  };
}

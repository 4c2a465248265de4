/** An OAuth 2.0 registration on the wire: the credentials of an auth client of type `oauth2`. */

import { z } from "@hono/zod-openapi";
import { type EgressPolicy, providerUriFault } from "../domain/provider-uri.ts";
import type { Problem } from "../errors.ts";
import { CREDENTIALS_PATH, memberAt } from "./document.ts";

/** Stands in the place of client secrets. */
export const MASK = "********";
const URIS = ["auth_uri", "token_uri", "refresh_token_uri"] as const;

const opaque = z.string().min(1).max(4096);
/** Everything about a provider's URI that does not depend on where this service runs; `loopbackProblems` sees to the rest. */
const uri = z
  .string()
  .min(1)
  .max(2048)
  .superRefine((text, context) => {
    const fault = providerUriFault(text, { allowLoopback: true });
    if (fault !== null) context.addIssue({ code: "custom", message: fault });
  })
  .refine((text) => !holdsSecret(text), { error: "must not hold the client secret" })
  .openapi({ format: "uri" });

/** URIs are shown, and stand in logs of others. */
function holdsSecret(text: string): boolean {
  return URL.canParse(text) && [...new URL(text).searchParams.keys()].some((name) => /^client_?secret$/i.test(name));
}

const lifetime = z
  .int()
  .min(1)
  .max(2 ** 31 - 1)
  .openapi({ description: "How many seconds a token lives whose answer does not say so." });

/** What the credentials of a client of type `oauth2` are. */
export const registrationSchema = z
  .strictObject({
    client_id: opaque,
    client_secret: opaque
      .refine((text) => text !== MASK, { error: "is the mask that stands in answers, not a secret" })
      .openapi({ description: "Never shown." }),
    auth_uri: uri.openapi({ description: "Where people consent." }),
    token_uri: uri.openapi({ description: "Where codes are exchanged." }),
    refresh_token_uri: uri.openapi({ description: "Where tokens are renewed; often the same." }),
    token_expires_in: lifetime.optional(),
  })
  .openapi("OAuth2Registration");

/** What may change of it. The others may be repeated as they are. */
export const registrationChangeSchema = z.strictObject({
  client_id: z.string().optional(),
  client_secret: opaque.optional(),
  auth_uri: z.string().optional(),
  token_uri: z.string().optional(),
  refresh_token_uri: z.string().optional(),
  token_expires_in: lifetime.nullish(),
});

/** Finds URIs in a document that lead to this machine where that is not allowed. What a schema would refuse is left to it. */
export function loopbackProblems(sent: unknown, policy: EgressPolicy): Problem[] {
  if (policy.allowLoopback) return [];
  return URIS.flatMap((member) => {
    const path = [...CREDENTIALS_PATH, member];
    const text = memberAt(sent, path);
    if (typeof text !== "string" || providerUriFault(text, { allowLoopback: true }) !== null) return [];
    const fault = providerUriFault(text, policy);
    return fault === null ? [] : [{ detail: `"${member}" ${fault}.`, pointer: `/${path.join("/")}` }];
  });
}

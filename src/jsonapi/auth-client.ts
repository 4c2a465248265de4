/** Auth clients on the wire: what a document may say, and how a client is shown. */

import { z } from "@hono/zod-openapi";
import {
  type AuthClient,
  DEFAULT_REFRESH_LEAD_SECONDS,
  type OAuth2Registration,
  type Place,
  redirectUri,
} from "../domain/auth-client.ts";
import { PLATFORM_ID, type WorkspaceId } from "../domain/ids.ts";
import { type EgressPolicy, providerUriFault } from "../domain/provider-uri.ts";
import type { Problem } from "../errors.ts";
import { memberAt, nameSchema, relatedTo, relationship, requestDocument } from "./document.ts";

const DAY_SECONDS = 24 * 60 * 60;

const opaque = z.string().min(1).max(4096);
/** Everything about a provider's URI that does not depend on where this service runs; `loopbackProblems` sees to the rest. */
const uri = z
  .string()
  .min(1)
  .max(2048)
  .superRefine((text, context) => {
    const fault = providerUriFault(text, { allowLoopback: true });
    if (fault !== null) context.addIssue({ code: "custom", message: fault });
  });

const credentialsSchema = z.strictObject({
  client_id: opaque,
  client_secret: opaque,
  auth_uri: uri.refine((text) => !/[?&]client_secret=/i.test(text), { error: "must not hold the client secret" }),
  token_uri: uri,
  refresh_token_uri: uri,
  token_expires_in: z
    .int()
    .min(1)
    .max(2 ** 31 - 1)
    .optional(),
});

const componentsSchema = z.strictObject({
  data: z.array(z.strictObject({ id: z.string().regex(PLATFORM_ID), type: z.literal("component") })).max(1000),
});

/** What `POST /v2/auth-clients` takes. */
export const newAuthClientSchema = requestDocument(
  "auth-client",
  z.strictObject({
    type: z.literal("oauth2"),
    name: nameSchema,
    credentials: credentialsSchema,
    refresh_lead_seconds: z
      .int()
      .min(1)
      .max(30 * DAY_SECONDS)
      .default(DEFAULT_REFRESH_LEAD_SECONDS),
  }),
  z
    .strictObject({
      workspace: relationship<WorkspaceId>("workspace").optional(),
      components: componentsSchema.optional(),
    })
    .default({}),
);

type NewAuthClient = z.infer<typeof newAuthClientSchema>["data"];

/** Reads the level off the relationships: none means global. */
export function placeOf({ relationships: { workspace } }: NewAuthClient): Place {
  return workspace === undefined ? { level: "global" } : { level: "workspace", id: workspace.data.id };
}

/** Makes the registration of a document; `token_expires_in` stays absent where it was not stated. */
export function registrationOf({ attributes: { credentials } }: NewAuthClient): OAuth2Registration {
  const { token_expires_in, ...registration } = credentials;
  return token_expires_in === undefined ? registration : { ...registration, token_expires_in };
}

/** Finds URIs in a document that lead to this machine where that is not allowed. Knows what a schema would refuse, and leaves it. */
export function loopbackProblems(sent: unknown, policy: EgressPolicy): Problem[] {
  if (policy.allowLoopback) return [];
  return ["auth_uri", "token_uri", "refresh_token_uri"].flatMap((member) => {
    const path = ["data", "attributes", "credentials", member];
    const text = memberAt(sent, path);
    if (typeof text !== "string" || providerUriFault(text, { allowLoopback: true }) !== null) return [];
    const fault = providerUriFault(text, policy);
    return fault === null ? [] : [{ detail: `"${member}" ${fault}.`, pointer: `/${path.join("/")}` }];
  });
}

/** Shows a client. `client_secret` is never shown; the other credentials only where the caller may see them. */
export function authClientResource(client: AuthClient, publicUrl: string, showCredentials: boolean) {
  const self = `/v2/auth-clients/${client.id}`;
  return {
    id: client.id,
    type: "auth-client",
    attributes: {
      type: client.type,
      name: client.name,
      ...(showCredentials && { credentials: { ...client.credentials, client_secret: "********" } }),
      redirect_uri: redirectUri(publicUrl, client.id),
      refresh_lead_seconds: client.refreshLeadSeconds,
    },
    relationships: {
      ...(client.place.level === "workspace" && {
        workspace: relatedTo("workspace", client.place.id, `/v2/workspaces/${client.place.id}`),
      }),
      components: { data: client.components.map((id) => ({ id, type: "component" })) },
    },
    links: { self },
  };
}

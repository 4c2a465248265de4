/** Consent flows on the wire: what a document may say, and how a flow is shown. */

import { z } from "@hono/zod-openapi";
import type { AuthClientId, SecretId, UserId } from "../domain/ids.ts";
import { RESERVED_AUTHORIZE_PARAMS } from "../domain/oauth2/request.ts";
import type { Problem } from "../errors.ts";
import {
  fieldsSchema,
  instantSchema,
  memberAt,
  nameSchema,
  paramsSchema,
  relatedSchema,
  relatedTo,
  relationship,
  requestDocument,
  strangeNames,
} from "./document.ts";
import { instant } from "./instant.ts";

const MAX_SCOPE_LENGTH = 8192;

const scope = z
  .string()
  .max(1024)
  .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, { error: "must be one scope (RFC 6749 3.3)" });

/** What `POST /v2/workspaces/{ws}/authorizations` takes. With `secret` it renews that secret's consent, and needs no name. */
export const newAuthorizationSchema = requestDocument(
  "authorization",
  z.strictObject({
    name: nameSchema.optional().openapi({ description: "For people. Required without the relationship `secret`." }),
    scopes: z
      .array(scope)
      .max(200)
      .refine((scopes) => scopes.join(" ").length <= MAX_SCOPE_LENGTH, {
        error: `must come to at most ${MAX_SCOPE_LENGTH} characters`,
      })
      .default([])
      .openapi({ description: "What to ask the person for." }),
    additional_params: paramsSchema.optional().openapi({
      description: `An object of strings, or the same as a JSON string. Not ${RESERVED_AUTHORIZE_PARAMS.join(", ")}.`,
    }),
    fields: fieldsSchema.optional(),
    return_url: z
      .url({ protocol: /^https?$/, error: "must be an http or https URL" })
      .max(2048)
      .optional()
      .openapi({
        description: "Where the person ends. Its origin is one of the setting `RETURN_ORIGINS`, or the service's own.",
      }),
    allow_account_change: z
      .boolean()
      .default(false)
      .openapi({ description: "Whether somebody else may consent than the one who did before." }),
  }),
  z.strictObject({
    auth_client: relationship<AuthClientId>("auth-client"),
    secret: relationship<SecretId>("auth-secret").optional(),
    user: relationship<UserId>("user").optional(),
  }),
);

/** Where people may be sent: to any page of some origins, and to the console of our own. */
export interface Returning {
  origins: ReadonlySet<string>;
  ownOrigin: string;
}

/** Finds what is wrong with a new flow besides its schema. */
export function newAuthorizationProblems(sent: unknown, returning: Returning): Problem[] {
  const attributes = ["data", "attributes"];
  const strange = strangeNames(memberAt(sent, attributes), attributes);
  return [...strange, ...nameProblems(sent), ...reservedProblems(sent), ...returnProblems(sent, returning)];
}

function nameProblems(sent: unknown): Problem[] {
  const isNamed = memberAt(sent, ["data", "attributes", "name"]) !== undefined;
  const renews = memberAt(sent, ["data", "relationships", "secret"]) !== undefined;
  return isNamed || renews ? [] : [{ detail: '"name" is required.', pointer: "/data/attributes/name" }];
}

/** Finds parameters that this service sets itself. */
function reservedProblems(sent: unknown): Problem[] {
  const path = ["data", "attributes", "additional_params"];
  const { success, data } = paramsSchema.safeParse(memberAt(sent, path));
  const names = Object.keys(success ? data : (memberAt(sent, path) ?? {}));
  return names
    .filter((name) => RESERVED_AUTHORIZE_PARAMS.includes(name.toLowerCase()))
    .map((name) => ({ detail: `"${name}" is set by this service.`, pointer: `/${path.join("/")}/${name}` }));
}

/** Finds a return_url to which no person may be sent, so that no flow is an open redirector (RFC 9700 4.11). */
function returnProblems(sent: unknown, { origins, ownOrigin }: Returning): Problem[] {
  const text = memberAt(sent, ["data", "attributes", "return_url"]);
  if (typeof text !== "string" || !/^https?:/i.test(text) || !URL.canParse(text)) return [];
  const { origin, pathname, username, password } = new URL(text);
  const isBare = username === "" && password === "";
  // Of our own pages only the console's: another flow must not begin where one ends.
  const isOurs = origin === ownOrigin && (pathname === "/console" || pathname.startsWith("/console/"));
  if (isBare && (isOurs || (origins.has(origin) && origin !== ownOrigin))) return [];
  return [{ detail: '"return_url" must have an origin of RETURN_ORIGINS.', pointer: "/data/attributes/return_url" }];
}

/** What a flow looks like from outside. `connectUrl` is known only while it is made. */
interface ShownAuthorization {
  id: string;
  workspaceId: string;
  secretId: string;
  authClientId: string;
  status: "pending" | "completed" | "failed";
  reason: string | null;
  expiresAt: number;
}

/** How a flow is shown. */
export const authorizationSchema = z
  .strictObject({
    id: z.string(),
    type: z.literal("authorization"),
    attributes: z.strictObject({
      state: z.enum(["pending", "completed", "failed"]),
      reason: z.string().nullable().openapi({ description: "Why it failed, as a code." }),
      connect_url: z
        .string()
        .optional()
        .openapi({ description: "Where to send the person. Only in the answer that creates it." }),
      expires_at: instantSchema,
    }),
    relationships: z.strictObject({
      workspace: relatedSchema("workspace"),
      auth_client: relatedSchema("auth-client"),
      secret: relatedSchema("auth-secret").optional(),
    }),
    links: z.strictObject({ self: z.string() }),
  })
  .openapi("Authorization");

/** Shows a flow; the secret once it is there. */
export function authorizationResource(
  flow: ShownAuthorization,
  connectUrl?: string,
): z.infer<typeof authorizationSchema> {
  const workspace = `/v2/workspaces/${flow.workspaceId}`;
  return {
    id: flow.id,
    type: "authorization",
    attributes: {
      state: flow.status,
      reason: flow.reason,
      ...(connectUrl !== undefined && { connect_url: connectUrl }),
      expires_at: instant(flow.expiresAt),
    },
    relationships: {
      workspace: relatedTo("workspace", flow.workspaceId, workspace),
      auth_client: relatedTo("auth-client", flow.authClientId, `/v2/auth-clients/${flow.authClientId}`),
      ...(flow.status === "completed" && {
        secret: relatedTo("auth-secret", flow.secretId, `${workspace}/secrets/${flow.secretId}`),
      }),
    },
    links: { self: `${workspace}/authorizations/${flow.id}` },
  };
}

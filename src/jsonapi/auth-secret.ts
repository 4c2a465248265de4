/** Auth secrets and their tokens on the wire: what a document may say, and how a secret is shown. Refresh tokens are in no answer. */

import { z } from "@hono/zod-openapi";
import type { AuthClientId, UserId } from "../domain/ids.ts";
import { ACCESS_TOKEN, TOKEN_TYPE } from "../domain/oauth2/response.ts";
import { stateOf } from "../domain/refresh-schedule.ts";
import type { Health, SecretView } from "../domain/secret.ts";
import {
  fieldsSchema,
  instant,
  nameSchema,
  paramsSchema,
  relatedTo,
  relationship,
  requestDocument,
} from "./document.ts";

const token = z.string().min(1).max(65_536).regex(ACCESS_TOKEN, { error: "must hold printable ASCII characters only" });
const seconds = z.preprocess(
  (value) => (typeof value === "string" && /^\d{1,10}$/.test(value) ? Number(value) : value),
  z
    .int()
    .min(0)
    .max(2 ** 31 - 1),
);

const YEAR_10000 = 253_402_300_800_000;
const dateTime = z.iso.datetime({ offset: true });

const credentialsSchema = z.strictObject({
  access_token: token,
  refresh_token: token.nullish(),
  token_type: z.string().regex(TOKEN_TYPE, { error: "must be a scheme of HTTP authorization" }).default("Bearer"),
  expires_in: seconds.optional(),
  expires_at: z.string().refine(isInstant, { error: "must be an instant such as 2026-01-01T01:00:00Z" }).optional(),
  scope: z.string().max(8192).optional(),
  additional_params: paramsSchema.optional(),
  fields: fieldsSchema.optional(),
});

const authClientRelationship = relationship<AuthClientId>("auth-client");

/** What `POST /v2/workspaces/{ws}/secrets` takes: tokens in hand. */
export const newSecretSchema = requestDocument(
  "auth-secret",
  z.strictObject({ name: nameSchema, type: z.literal("oauth2").optional(), credentials: credentialsSchema }),
  z.preprocess(
    spelledWithHyphen,
    z.strictObject({ auth_client: authClientRelationship, user: relationship<UserId>("user").optional() }),
  ),
);

/** Decides whether a text is an instant of RFC 3339 that can be written as one again. */
function isInstant(text: string): boolean {
  const milliseconds = Date.parse(text);
  return dateTime.safeParse(text).success && milliseconds >= 0 && milliseconds < YEAR_10000;
}

/** The platform's own documents spell this relationship both ways. */
function spelledWithHyphen(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("auth-client" in value) || "auth_client" in value) return value;
  const { "auth-client": authClient, ...others } = value;
  return { ...others, auth_client: authClient };
}

/** Shows a secret; its credentials only where the caller may see them. `expires_in` is what is left now. */
export function secretResource(secret: SecretView, showCredentials: boolean, now: number) {
  const workspace = `/v2/workspaces/${secret.workspaceId}`;
  const state = stateOf(secret.health.status);
  return {
    id: secret.id,
    type: "auth-secret",
    attributes: {
      name: secret.name,
      type: secret.type,
      state,
      error: state === "error" ? errorSentence(secret.health) : null,
      version: secret.version,
      ...(showCredentials && { credentials: credentialsOf(secret, now) }),
      health: {
        status: secret.health.status,
        reason: secret.health.reason,
        since: instant(secret.health.since),
        next_refresh_at: instant(secret.health.nextRefreshAt),
        last_refreshed_at: instant(secret.health.lastRefreshedAt),
      },
    },
    relationships: {
      workspace: relatedTo("workspace", secret.workspaceId, workspace),
      ...(secret.userId !== null && { user: relatedTo("user", secret.userId, `/v2/users/${secret.userId}`) }),
      auth_client: relatedTo("auth-client", secret.authClientId, `/v2/auth-clients/${secret.authClientId}`),
    },
    links: { self: `${workspace}/secrets/${secret.id}` },
  };
}

/** Shows what a step puts on its request, and for how long. `minTtlSeconds` is what the caller asked for. */
export function tokenDocument(secret: SecretView, now: number, minTtlSeconds: number) {
  const left = secondsLeft(secret, now);
  const isShort = left !== null && left < minTtlSeconds;
  return {
    type: secret.type,
    access_token: secret.accessToken,
    token_type: secret.tokenType,
    expires_at: instant(secret.expiresAt),
    expires_in: left,
    scope: secret.scope,
    version: secret.version,
    health: isShort && secret.health.status === "ok" ? "degraded" : secret.health.status,
    headers: { Authorization: `${secret.tokenType} ${secret.accessToken}` },
  };
}

function credentialsOf(secret: SecretView, now: number) {
  return {
    ...(secret.accessToken !== null && { access_token: secret.accessToken }),
    token_type: secret.tokenType,
    expires_in: secondsLeft(secret, now),
    expires_at: instant(secret.expiresAt),
    scope: secret.scope,
    ...(secret.additionalParams !== null && { additional_params: JSON.stringify(secret.additionalParams) }),
    ...(secret.fields !== null && { fields: secret.fields }),
    undefined_params: secret.undefinedParams,
  };
}

function secondsLeft({ expiresAt }: SecretView, now: number): number | null {
  return expiresAt === null ? null : Math.max(0, Math.floor((expiresAt - now) / 1000));
}

function errorSentence({ status, reason }: Health): string {
  const because = reason === null ? "" : ` (${reason})`;
  switch (status) {
    case "needs_reauthorization":
      return `The provider refused the grant${because}. Connect the account again.`;
    case "client_misconfigured":
      return `The provider refuses the auth client${because}. Correct the client.`;
    default:
      return `The token has expired and could not be renewed${because}.`;
  }
}

/** Auth secrets on the wire: what a document may say, and how a secret is shown. Refresh tokens are in no answer. */

import { z } from "@hono/zod-openapi";
import type { AuthClientId, UserId } from "../domain/ids.ts";
import type { Kind } from "../domain/auth-client.ts";
import { stateOf } from "../domain/health.ts";
import type { Health, Report, SecretView, TokenCredentials } from "../domain/secret.ts";
import type { Problem } from "../errors.ts";
import {
  credentialsProblems,
  credentialsSchema,
  eitherOf,
  missingCredentials,
  withOAuth2Credentials,
} from "./credentials.ts";
import {
  changeDocument,
  instantSchema,
  memberAt,
  nameSchema,
  relatedSchema,
  relatedTo,
  relationship,
  requestDocument,
} from "./document.ts";
import { instant } from "./instant.ts";
import { secondsLeft } from "./token.ts";
import { healthStatusSchema } from "./token-schema.ts";

/** The platform's own documents spell this relationship both ways. */
const SPELLINGS = ["auth_client", "auth-client"] as const;
const MAX_ERROR_LENGTH = 1000;

const stateSchema = z.enum(["ready", "error"]);
const errorSchema = z
  .string()
  .max(MAX_ERROR_LENGTH)
  .nullish()
  .openapi({ description: "Why, for people; with state `error`." });

/** What `POST /v2/workspaces/{ws}/secrets` takes: credentials in hand. */
export const newSecretSchema = requestDocument(
  "auth-secret",
  z.strictObject({
    name: nameSchema,
    type: z.string().optional().openapi({ description: "That of the auth client, when it is stated." }),
    credentials: credentialsSchema.optional(),
    state: stateSchema.optional(),
    error: errorSchema,
  }),
  z
    .strictObject({
      auth_client: relationship<AuthClientId>("auth-client").optional(),
      "auth-client": relationship<AuthClientId>("auth-client")
        .optional()
        .openapi({ description: "The same, as the platform's own documents spell it too." }),
      user: relationship<UserId>("user").optional(),
    })
    .openapi({ oneOf: [{ required: ["auth_client"] }, { required: ["auth-client"] }] }),
);

/** What `PATCH /v2/workspaces/{ws}/secrets/{id}` takes. What is not stated stays. */
export const secretChangeSchema = changeDocument(
  "auth-secret",
  z
    .strictObject({
      name: nameSchema.optional(),
      credentials: credentialsSchema.optional(),
      state: stateSchema.optional(),
      error: errorSchema,
    })
    .default({}),
  z.strictObject({}).optional(),
);

/** The auth client that a document names, before any schema has seen it, and where. */
export interface NamedClient {
  id: unknown;
  pointer: string;
}

/** Reads which auth client a document names; null: none. */
export function namedClient(sent: unknown): NamedClient | null {
  const spelling = SPELLINGS.find((each) => memberAt(sent, ["data", "relationships", each]) !== undefined);
  if (spelling === undefined) return null;
  const path = ["data", "relationships", spelling, "data", "id"];
  return { id: memberAt(sent, path), pointer: `/${path.join("/")}` };
}

function clientProblems(sent: unknown): Problem[] {
  const [first, second] = SPELLINGS.filter((each) => memberAt(sent, ["data", "relationships", each]) !== undefined);
  if (first === undefined) {
    return [{ detail: '"auth_client" is required.', pointer: "/data/relationships/auth_client" }];
  }
  if (second === undefined) return [];
  return [{ detail: `"${second}" is the same as "${first}".`, pointer: `/data/relationships/${second}` }];
}

/** Finds what is wrong with a new secret besides its schema. `client` null: not known, so the stated type counts. */
export function newSecretProblems(sent: unknown, client: Kind | null): Problem[] {
  const stated = memberAt(sent, ["data", "attributes", "type"]);
  const said = typeof stated === "string" ? ({ type: stated, grantType: "authorization_code" } as const) : null;
  const kind = client ?? said;
  const isOther = said !== null && said.type !== kind?.type;
  const other = {
    detail: `"type" must be "${kind?.type}", that of the auth client.`,
    pointer: "/data/attributes/type",
  };
  const wrong = kind === null ? [] : [...missingCredentials(sent, kind), ...credentialsProblems(sent, kind)];
  return [...clientProblems(sent), ...wrong, ...(isOther ? [other] : []), ...reportProblems(sent)];
}

/** Finds what is wrong with a change of a secret of this kind besides its schema. */
export function secretChangeProblems(sent: unknown, kind: Kind | null): Problem[] {
  const wrong = kind === null ? [] : credentialsProblems(sent, kind);
  return [...wrong, ...reportProblems(sent)];
}

function reportProblems(sent: unknown): Problem[] {
  const error = memberAt(sent, ["data", "attributes", "error"]);
  const state = memberAt(sent, ["data", "attributes", "state"]);
  if (typeof error !== "string" || state === "error") return [];
  return [{ detail: '"error" needs "state": "error" beside it.', pointer: "/data/attributes/error" }];
}

/** Reads what a document reports of a secret. Undefined: nothing; null: that it works. */
export function reportIn(attributes: {
  state?: "ready" | "error" | undefined;
  error?: string | null | undefined;
}): Report | null | undefined {
  if (attributes.state === undefined) return undefined;
  return attributes.state === "error" ? { error: attributes.error ?? null } : null;
}

const healthSchema = z
  .strictObject({
    status: healthStatusSchema,
    reason: z.string().nullable().openapi({ description: "A code: the provider's where it is a known one, or ours." }),
    since: instantSchema,
    next_refresh_at: instantSchema.nullable().openapi({ description: "Null: it will not be." }),
    last_refreshed_at: instantSchema.nullable().openapi({ description: "Null: it has not been." }),
    token_expires_at: instantSchema
      .nullish()
      .openapi({ description: "`oauth2`: when the token ends. Null: it does not." }),
    refresh_token_expires_at: instantSchema
      .optional()
      .openapi({ description: "When a person has to consent again at the latest, where the provider tells." }),
  })
  .openapi("Health");

/** How the credentials of a secret of type `oauth2` are shown. */
export const tokenCredentialsSchema = z.strictObject({
  access_token: z.string().optional().openapi({ description: "Not when it has expired." }),
  token_type: z.string(),
  expires_in: z.int().nullable().openapi({ description: "How many seconds are left now. Null: it does not expire." }),
  expires_at: instantSchema.nullable(),
  scope: z.string().nullable(),
  additional_params: z.string().optional().openapi({ description: "An object as JSON, or the text that was given." }),
  fields: z.record(z.string(), z.unknown()).optional(),
  undefined_params: z
    .record(z.string(), z.unknown())
    .openapi({ description: "What the token answer holds that OAuth does not name." }),
});

/** How a secret is shown. */
export const secretSchema = z
  .strictObject({
    id: z.string(),
    type: z.literal("auth-secret"),
    attributes: z
      .strictObject({
        name: z.string(),
        type: z.string().openapi({ description: "That of the auth client." }),
        state: stateSchema,
        error: z.string().nullable().openapi({ description: "Why, for people; `health` says it for programs." }),
        version: z.int().optional().openapi({ description: "Rises with every grant." }),
        scope: z.string().nullish().openapi({ description: "`oauth2`: what was granted, where that is known." }),
        credentials: z
          .record(z.string(), z.unknown())
          .optional()
          .openapi({
            description: "Only with `workspaces.auth_secret.get_credentials`. Never holds a refresh token.",
            anyOf: eitherOf("TokenCredentials", "BasicCredentials", "ApiKeyCredentials", "NoAuthCredentials"),
          }),
        health: healthSchema.optional(),
      })
      .openapi(withOAuth2Credentials("TokenCredentials")),
    relationships: z.strictObject({
      workspace: relatedSchema("workspace"),
      user: relatedSchema("user").optional(),
      auth_client: relatedSchema("auth-client"),
    }),
    links: z.strictObject({ self: z.string() }),
    meta: z.strictObject({ code: z.string() }).optional().openapi({
      description: "In lists: why this one cannot be read now. It then has no version, credentials and health.",
    }),
  })
  .openapi("AuthSecret");

type SecretResource = z.infer<typeof secretSchema>;

/** Shows a secret; its credentials only where the caller may see them. `expires_in` is what is left now. */
export function secretResource(secret: SecretView, showCredentials: boolean, now: number): SecretResource {
  const { credentials, health, reported } = secret;
  const state = stateOf(reported, health);
  const shown = credentials.kind === "token" ? tokenMembers(credentials, now) : credentials.members;
  return {
    id: secret.id,
    type: "auth-secret",
    attributes: {
      name: secret.name,
      type: secret.type,
      state,
      error: reported === null ? errorSentence(state, health) : reported.error,
      version: secret.version,
      ...(credentials.kind === "token" && { scope: credentials.scope }),
      ...(showCredentials && { credentials: shown }),
      health: {
        status: health.status,
        reason: health.reason,
        since: instant(health.since),
        next_refresh_at: instant(health.nextRefreshAt),
        last_refreshed_at: instant(health.lastRefreshedAt),
        ...(credentials.kind === "token" && { token_expires_at: instant(credentials.expiresAt) }),
        ...(health.refreshTokenExpiresAt != null && {
          refresh_token_expires_at: instant(health.refreshTokenExpiresAt),
        }),
      },
    },
    ...placed(secret),
  };
}

/** Shows a secret that the index knows but that cannot be read now. `code` says why. */
export function unreadableSecretResource(
  secret: Pick<SecretView, "id" | "workspaceId" | "authClientId" | "userId" | "type" | "name">,
  code: string,
): SecretResource {
  const error = `This secret cannot be read now (${code}).`;
  return {
    id: secret.id,
    type: "auth-secret",
    attributes: { name: secret.name, type: secret.type, state: "error", error },
    ...placed(secret),
    meta: { code },
  };
}

function placed(secret: Pick<SecretView, "id" | "workspaceId" | "authClientId" | "userId">) {
  const workspace = `/v2/workspaces/${secret.workspaceId}`;
  return {
    relationships: {
      workspace: relatedTo("workspace", secret.workspaceId, workspace),
      ...(secret.userId !== null && { user: relatedTo("user", secret.userId, `/v2/users/${secret.userId}`) }),
      auth_client: relatedTo("auth-client", secret.authClientId, `/v2/auth-clients/${secret.authClientId}`),
    },
    links: { self: `${workspace}/secrets/${secret.id}` },
  };
}

function tokenMembers(credentials: TokenCredentials, now: number): z.infer<typeof tokenCredentialsSchema> {
  return {
    ...(credentials.accessToken !== null && { access_token: credentials.accessToken }),
    token_type: credentials.tokenType,
    expires_in: secondsLeft(credentials, now),
    expires_at: instant(credentials.expiresAt),
    scope: credentials.scope,
    ...(credentials.additionalParams !== null && { additional_params: textOf(credentials.additionalParams) }),
    ...(credentials.fields !== null && { fields: credentials.fields }),
    undefined_params: credentials.undefinedParams,
  };
}

/** The platform's clients expect a text. */
function textOf(params: Record<string, unknown> | string): string {
  return typeof params === "string" ? params : JSON.stringify(params);
}

function errorSentence(state: "ready" | "error", { status, reason }: Health): string | null {
  if (state === "ready") return null;
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

/** What the credentials of a secret may be, by its type. */

import { z } from "@hono/zod-openapi";
import { isBounded, MAX_FREE_FORM_LENGTH } from "../domain/free-form.ts";
import { ACCESS_TOKEN, TOKEN_TYPE } from "../domain/oauth2/response.ts";
import { hasTokens, isFetched, type Kind } from "../domain/auth-client.ts";
import type { Problem } from "../errors.ts";
import {
  CREDENTIALS_PATH,
  credentialsFaults,
  fieldsSchema,
  freeFormSchema,
  instantTextSchema,
  memberAt,
} from "./document.ts";

const token = z.string().min(1).max(65_536).regex(ACCESS_TOKEN, { error: "must hold printable ASCII characters only" });
const MAX_SECONDS = 2 ** 31 - 1;
const seconds = z
  .preprocess(
    (value) => (typeof value === "string" && /^\d{1,10}$/.test(value) ? Number(value) : value),
    z.int().min(0).max(MAX_SECONDS),
  )
  .nullish()
  .openapi({ type: ["integer", "string", "null"], minimum: 0, maximum: MAX_SECONDS, pattern: "^\\d{1,10}$" });
const fields = fieldsSchema.optional();

/** Anything that a platform says of this: its own clients send an object as a JSON string, its documents show plain text. */
const secretParams = z
  .union([z.string().max(MAX_FREE_FORM_LENGTH), freeFormSchema], {
    error: `must be an object or a text, of at most ${MAX_FREE_FORM_LENGTH} characters`,
  })
  .nullish()
  .openapi({ description: "What was asked of the provider besides: an object, the same as a JSON string, or a text." });

const oauth2Schema = z.strictObject({
  access_token: token,
  refresh_token: token.nullish().openapi({ description: "Without one the secret is not refreshed." }),
  token_type: z.string().regex(TOKEN_TYPE, { error: "must be a scheme of HTTP authorization" }).default("Bearer"),
  expires_in: seconds,
  expires_at: instantTextSchema.nullish(),
  scope: z.string().max(8192).nullish(),
  additional_params: secretParams,
  fields: fieldsSchema.nullish(),
});

/** Where nobody consents: the tokens are fetched. */
const fetchedSchema = z.strictObject({
  scope: z
    .string()
    .max(8192)
    .nullish()
    .openapi({ description: "What to ask the provider for, with spaces in between (RFC 6749 3.3)." }),
  additional_params: secretParams,
  fields: fieldsSchema.nullish(),
});

/** No control characters, which no header could carry (RFC 7617 2). */
const PRINTABLE = /^[^\p{Cc}]*$/u;
const printable = z
  .string()
  .regex(PRINTABLE, { error: "must not hold control characters" })
  // Made of the whole literal, the description would hold the flag too.
  .openapi({ pattern: PRINTABLE.source });

const basicSchema = z.strictObject({
  username: printable
    .max(1024)
    .refine((text) => !text.includes(":"), { error: 'must not hold ":"' })
    .openapi({ description: "Without `:` (RFC 7617 2)." }),
  password: printable.max(4096),
  fields,
});

const apiKeySchema = z.strictObject({
  headerName: z
    .string()
    .max(200)
    .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error: "must be the name of an HTTP header" }),
  headerValue: z
    .string()
    .max(16_384)
    .regex(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/, { error: "must be visible ASCII, as in an HTTP header" }),
  fields,
});

const noAuthSchema = z.strictObject({ fields });

/** The types whose credentials are known, and what they are called in the API's description. */
const TYPES: Record<string, { component: string; schema: z.ZodType }> = {
  oauth2: { component: "OAuth2Credentials", schema: oauth2Schema },
  basic: { component: "BasicCredentials", schema: basicSchema },
  api_key: { component: "ApiKeyCredentials", schema: apiKeySchema },
  noauth: { component: "NoAuthCredentials", schema: noAuthSchema },
};

const FETCHED = { component: "FetchedCredentials", schema: fetchedSchema };

/** The same for the API's description. */
export const CREDENTIALS_COMPONENTS = [...Object.values(TYPES), FETCHED];

/** Credentials in a request, before it is known which type they are for. */
export const credentialsSchema = z.record(z.string(), z.unknown()).openapi({
  description:
    "By the type of the auth client, and for `oauth2` by its grant type: tokens in hand, or `FetchedCredentials` where nobody has to consent. A custom type's are free-form; `noauth` needs none.",
  anyOf: eitherOf(...CREDENTIALS_COMPONENTS.map(({ component }) => component)),
});

/** Describes a value as one of components, or as what a custom type makes of it. */
export function eitherOf(...names: string[]) {
  const custom = { title: "A custom type's", type: "object" as const };
  return [...names.map((name) => ({ $ref: `#/components/schemas/${name}` })), custom];
}

/** Describes attributes whose credentials are, for `oauth2`, a component: for those who check answers. */
export function withOAuth2Credentials(name: string) {
  return {
    description: "`credentials` depend on `type`.",
    if: { properties: { type: { const: "oauth2" } } },
    // oxlint-disable-next-line unicorn/no-thenable
    then: { properties: { credentials: { $ref: `#/components/schemas/${name}` } } },
  };
}

/** Finds what is wrong with the credentials in a document for a secret of this kind. */
export function credentialsProblems(sent: unknown, kind: Kind): Problem[] {
  return credentialsFaults(sent, schemaOf(kind));
}

/** Finds that a new secret of this kind has no credentials where it needs some. */
export function missingCredentials(sent: unknown, kind: Kind): Problem[] {
  const needsNone = kind.type === "noauth" || isFetched(kind);
  if (needsNone || memberAt(sent, CREDENTIALS_PATH) !== undefined) return [];
  return [{ detail: '"credentials" is required.', pointer: `/${CREDENTIALS_PATH.join("/")}` }];
}

/** Reads credentials that have been looked at, as what a secret of this kind holds. */
export function contentOf(kind: Kind, credentials: Record<string, unknown> = {}) {
  if (!hasTokens(kind.type))
    return { kind: "plain", members: schemaOf(kind).parse(credentials) as Record<string, unknown> } as const;
  if (isFetched(kind)) {
    const { scope, additional_params, fields: said } = fetchedSchema.parse(credentials);
    const additionalParams = paramsIn(additional_params);
    const scopes = scope === undefined ? undefined : scopesIn(scope);
    return { kind: "fetch", scopes, additionalParams, fields: said } as const;
  }
  const parsed = oauth2Schema.parse(credentials);
  return {
    kind: "token",
    accessToken: parsed.access_token,
    tokenType: parsed.token_type,
    refreshToken: parsed.refresh_token ?? null,
    scope: parsed.scope ?? null,
    expiresIn: parsed.expires_in ?? null,
    expiresAt: parsed.expires_at == null ? null : Date.parse(parsed.expires_at),
    additionalParams: paramsIn(parsed.additional_params),
    fields: parsed.fields,
    scopes: parsed.scope == null ? null : scopesIn(parsed.scope),
  } as const;
}

function scopesIn(scope: string | null): string[] {
  return (scope ?? "").split(" ").filter((each) => each !== "");
}

function paramsIn<T extends Record<string, unknown> | null | undefined>(sent: T | string) {
  if (typeof sent !== "string") return sent;
  try {
    const value: unknown = JSON.parse(sent);
    return typeof value === "object" && value !== null && !Array.isArray(value) && isBounded(value)
      ? (value as Record<string, unknown>)
      : sent;
  } catch {
    return sent;
  }
}

function schemaOf(kind: Kind): z.ZodType {
  const { type } = kind;
  if (isFetched(kind)) return fetchedSchema;
  return (Object.hasOwn(TYPES, type) ? TYPES[type] : undefined)?.schema ?? freeFormSchema;
}

/** What the credentials of a secret may be, by its type. */

import { z } from "@hono/zod-openapi";
import { ACCESS_TOKEN, TOKEN_TYPE } from "../domain/oauth2/response.ts";
import type { Problem } from "../errors.ts";
import { fieldsSchema, freeFormSchema, instantTextSchema, memberAt, paramsSchema, problemsAt } from "./document.ts";

const PATH = ["data", "attributes", "credentials"];

const token = z.string().min(1).max(65_536).regex(ACCESS_TOKEN, { error: "must hold printable ASCII characters only" });
const seconds = z.preprocess(
  (value) => (typeof value === "string" && /^\d{1,10}$/.test(value) ? Number(value) : value),
  z
    .int()
    .min(0)
    .max(2 ** 31 - 1),
);
const fields = fieldsSchema.optional();

const oauth2Schema = z.strictObject({
  access_token: token,
  refresh_token: token.nullish(),
  token_type: z.string().regex(TOKEN_TYPE, { error: "must be a scheme of HTTP authorization" }).default("Bearer"),
  expires_in: seconds.nullish(),
  expires_at: instantTextSchema.nullish(),
  scope: z.string().max(8192).nullish(),
  additional_params: paramsSchema.optional(),
  fields,
});

/** No control characters, which no header could carry (RFC 7617 2). */
const PRINTABLE = /^[^\p{Cc}]*$/u;

const basicSchema = z.strictObject({
  username: z
    .string()
    .max(1024)
    .regex(PRINTABLE, { error: "must not hold control characters" })
    .refine((text) => !text.includes(":"), { error: 'must not hold ":"' }),
  password: z.string().max(4096).regex(PRINTABLE, { error: "must not hold control characters" }),
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

const SCHEMAS: Record<string, z.ZodType> = {
  oauth2: oauth2Schema,
  basic: basicSchema,
  api_key: apiKeySchema,
  noauth: z.strictObject({ fields }),
};

/** Says in the API's description what the schemas above hold. */
export const CREDENTIALS_DESCRIPTION = [
  "By type. `oauth2`: `access_token` (required), `refresh_token`, `token_type`, `expires_in` (seconds) or `expires_at`, `scope`,",
  "`additional_params`, `fields`. `basic`: `username`, `password`, `fields`. `api_key`: `headerName`, `headerValue`, `fields`.",
  "`noauth`: `fields` alone, or nothing at all. A custom type: anything.",
].join(" ");

/** Finds what is wrong with the credentials in a document for a secret of this type. */
export function credentialsProblems(sent: unknown, type: string): Problem[] {
  const credentials = memberAt(sent, PATH);
  // Anything that is there but no object is told by the schema of the document.
  if (typeof credentials !== "object" || credentials === null || Array.isArray(credentials)) return [];
  return problemsAt(sent, PATH, schemaOf(type));
}

/** Finds that a new secret of this type has no credentials where it needs some. */
export function missingCredentials(sent: unknown, type: string): Problem[] {
  if (type === "noauth" || memberAt(sent, PATH) !== undefined) return [];
  return [{ detail: '"credentials" is required.', pointer: `/${PATH.join("/")}` }];
}

/** Reads credentials that have been looked at, as what a secret of this type holds. */
export function contentOf(type: string, credentials: Record<string, unknown> = {}) {
  if (type !== "oauth2")
    return { kind: "plain", members: schemaOf(type).parse(credentials) as Record<string, unknown> } as const;
  const parsed = oauth2Schema.parse(credentials);
  return {
    kind: "token",
    accessToken: parsed.access_token,
    tokenType: parsed.token_type,
    refreshToken: parsed.refresh_token ?? null,
    scope: parsed.scope ?? null,
    expiresIn: parsed.expires_in ?? null,
    expiresAt: parsed.expires_at == null ? null : Date.parse(parsed.expires_at),
    additionalParams: parsed.additional_params,
    fields: parsed.fields,
  } as const;
}

function schemaOf(type: string): z.ZodType {
  return (Object.hasOwn(SCHEMAS, type) ? SCHEMAS[type] : undefined) ?? freeFormSchema;
}

/** A provider's flavour on the wire: settings with a default each; one that is not known is refused. */

import { z } from "@hono/zod-openapi";
import { ANSWER_FIELDS, ASSERTION_ALGORITHMS, CLIENT_AUTHS, EXPIRES_UNITS } from "../domain/oauth2/flavour.ts";
import { RESERVED_AUTHORIZE_PARAMS, RESERVED_TOKEN_PARAMS, SECRET_PARAM } from "../domain/oauth2/request.ts";
import { REFUSAL_CLASSES } from "../domain/oauth2/response.ts";
import { hostPatternFault, hostValueFault, VARIABLE, variablesIn } from "../domain/oauth2/variables.ts";
import { uriSchema } from "./registration-uri.ts";

const MOST_MEMBERS = 50;
const MOST_CODES = 200;
const MOST_SECONDS = 2 ** 31 - 1;

const short = z.string().min(1).max(200);
const path = z
  .string()
  .max(200)
  .regex(/^([^.\s]+(\.[^.\s]+)*)?$/, { error: 'must be names or numbers with "." between them' });
const paths = z.union([path, z.array(path).min(1).max(10)]);
const parameter = z.string().regex(/^[A-Za-z0-9_.\-[\]]{1,100}$/, { error: "must be the name of a parameter" });
/** What a header can carry (RFC 9110 5.5), without the line breaks that would begin another. */
const headerText = z
  .string()
  .max(1000)
  .regex(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/, { error: "must be visible ASCII, as in an HTTP header" });
/** Headers that this service, HTTP itself or the client's authentication sets. */
const OWN_HEADER =
  /^(accept|authorization|connection|content-.*|cookie|expect|host|proxy-.*|te|trailer|transfer-encoding|upgrade)$/i;
const HEADER_VARIABLES = new Set(["client_id", "uuid", "timestamp", "signature"]);
const CLIENT_ASSERTION_VARIABLES = new Set(["redirect_uri.host", "client_id"]);
const ASSERTION_VARIABLES = new Set(["client_id", "scope"]);

function table<T extends z.ZodType>(name: z.ZodType<string, string>, value: T, most = MOST_MEMBERS) {
  return z.record(name, value).refine((members) => Object.keys(members).length <= most, {
    error: `must not have more than ${most} members`,
  });
}

function unreserved(reserved: readonly string[]) {
  return parameter
    .refine((name) => !reserved.includes(name), { error: "is set by this service itself" })
    .refine((name) => !SECRET_PARAM.test(name), { error: "must not hold a secret" });
}

const RESERVED = new Set([...RESERVED_AUTHORIZE_PARAMS, ...RESERVED_TOKEN_PARAMS]);
/** RFC 7009 2.1 has two more. */
const OF_STANDARD = new Set([...RESERVED, "token", "token_type_hint"]);
/** How a provider calls the standard's parameters. What a flavour adds besides has its name from the start, so no other way leads to theirs. */
const paramNames = table(
  z.string().refine((name) => OF_STANDARD.has(name), {
    error: "must be a parameter of the standard",
  }),
  parameter,
).superRefine((names, context) => {
  for (const [index, [name, called]] of Object.entries(names).entries()) {
    const isTaken = called !== name && RESERVED.has(called);
    const isTwice = Object.values(names).indexOf(called) < index;
    if (isTaken || isTwice)
      context.addIssue({ code: "custom", path: [name], message: "is what another parameter is called" });
  }
});
/** RFC 9700 2.1.2 and 2.4: a person's password is nobody's but theirs and their provider's. */
const grantType = short.refine((name) => name !== "password" && name !== "implicit", {
  error: "must be a grant for which nobody's password is sent",
});

/** A text with variables, each of which must be one of a few. */
function withVariables(text: z.ZodString, isKnown: (name: string) => boolean) {
  return text.refine((value) => variablesIn(value).every(isKnown), { error: "holds a variable that is not known" });
}

const classSchema = z.enum(REFUSAL_CLASSES).openapi({
  description:
    "`retry`: soon again · `ambiguous`: the provider may have acted · `rate_limited` · `reauthorize`: the grant is dead · `config_error`: the client is refused · `too_early`: no failure; again when it is time.",
});
const ruleSchema = z.strictObject({
  class: classSchema,
  text: short.optional().openapi({ description: "Narrows it to descriptions that hold this, whatever their case." }),
});

const pattern = short.superRefine((text, context) => {
  const fault = hostPatternFault(text);
  if (fault !== null) context.addIssue({ code: "custom", message: fault });
});
const hostValue = z.string().superRefine((text, context) => {
  const fault = hostValueFault(text);
  if (fault !== null) context.addIssue({ code: "custom", message: fault });
});
const hostSchema = z.union([
  pattern.openapi({ description: "A simple regular expression for the whole value." }),
  z.strictObject({
    pattern: pattern.optional(),
    values: table(short, hostValue, MOST_CODES)
      .optional()
      .openapi({ description: "What is said, and what is put in for it." }),
    default: hostValue.optional().openapi({ description: "What is put in where nothing is said." }),
  }),
]);

const clientAssertionText = withVariables(short, (name) => CLIENT_ASSERTION_VARIABLES.has(name));
const assertionText = withVariables(
  short,
  (name) => ASSERTION_VARIABLES.has(name) || (name.startsWith("fields.") && VARIABLE.test(name)),
);
const assertionMembers = <Text extends z.ZodType>(text: Text) => ({
  alg: z.enum(ASSERTION_ALGORITHMS).optional(),
  iss: text.optional(),
  sub: text.optional(),
  aud: text.optional(),
  lifetime_seconds: z.int().min(30).max(3600).optional(),
});

const requestMembers = {
  client_auth: z.enum(CLIENT_AUTHS).optional().openapi({ description: "How the client proves who it is; `body`." }),
  also_send_client_id: z.boolean().optional().openapi({ description: "`client_id` in the body beside Basic; false." }),
  body_format: z.enum(["form", "json"]).optional().openapi({ description: "`form`." }),
  method: z
    .enum(["POST", "GET"])
    .optional()
    .openapi({ description: "`POST`; with GET everything stands in the query." }),
  param_names: paramNames.optional().openapi({
    description: "The standard's names of parameters, and the provider's.",
  }),
  omit_params: z.array(parameter).max(20).optional().openapi({
    description: "The standard's names of parameters that are not sent.",
  }),
  headers: table(
    z
      .string()
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/, { error: "must be the name of an HTTP header" })
      .refine((name) => !OWN_HEADER.test(name), { error: "is set by this service itself" }),
    withVariables(headerText, (name) => HEADER_VARIABLES.has(name)),
    20,
  )
    .optional()
    .openapi({
      description:
        "Sent with token requests. May hold `{{client_id}}`, `{{uuid}}`, `{{timestamp}}` (Unix ms) and `{{signature}}`, the HMAC-SHA256 of that timestamp under the client secret, in hexadecimal.",
    }),
  response_root: paths.optional().openapi({
    description:
      "Where the tokens are in an answer: a path, or several of which the first that holds an access token counts.",
  }),
  field_names: z
    .strictObject(
      Object.fromEntries(ANSWER_FIELDS.map((name) => [name, path.optional()])) as Record<
        (typeof ANSWER_FIELDS)[number],
        z.ZodOptional<typeof path>
      >,
    )
    .optional()
    .openapi({ description: "Where each member is under the root." }),
  success: z
    .strictObject({ path, equals: z.union([z.string().max(200), z.number(), z.boolean()]) })
    .optional()
    .openapi({ description: "What an answer holds that tells of a success." }),
};

/** What `attributes.flavour` of an auth client takes, and `flavour` of a preset. */
export const flavourSchema = z
  .strictObject({
    ...requestMembers,
    authorize_params: table(unreserved(RESERVED_AUTHORIZE_PARAMS), z.string().max(1000)).optional(),
    token_params: table(unreserved(RESERVED_TOKEN_PARAMS), z.string().max(1000)).optional().openapi({
      description: "Sent with every token request but a refresh.",
    }),
    refresh_params: table(unreserved(RESERVED_TOKEN_PARAMS), z.string().max(1000)).optional(),
    scope_separator: z.string().min(1).max(3).optional().openapi({ description: "A space." }),
    raw_scope: z.boolean().optional().openapi({ description: "Scopes stand in the URL unencoded; false." }),
    default_scopes: z.array(short).max(100).optional().openapi({ description: "Always asked for." }),
    refresh_with_scope: z.boolean().optional().openapi({ description: "False." }),
    pkce: z.enum(["S256", "off"]).optional().openapi({ description: "`S256` (RFC 7636)." }),
    code_param: parameter
      .optional()
      .openapi({ description: "The parameter of the callback that holds the code; `code`." }),
    callback_extra: z
      .array(
        parameter.refine((name) => VARIABLE.test(`callback.${name}`), {
          error: "must be 1 to 64 of A-Z, a-z, 0-9, _ and -",
        }),
      )
      .max(20)
      .optional()
      .openapi({ description: "Parameters of the callback that are kept, as `undefined_params.callback`." }),
    errors: table(short, z.union([classSchema, z.array(ruleSchema).min(1).max(20)]), MOST_CODES)
      .optional()
      .openapi({
        description:
          "What the provider's error codes mean, before the standard is asked: a class, or rules of which the first that matches counts.",
      }),
    error_path: paths.optional().openapi({ description: "Where an answer's error code is; `error`." }),
    expires_field: path.min(1).optional().openapi({ description: "`expires_in`, else `expires` or `expires_at`." }),
    expires_unit: z.enum(EXPIRES_UNITS).optional().openapi({
      description: "`s` or `ms` from now; `epoch` (seconds), `epoch_ms` or `rfc3339` for an instant.",
    }),
    zero_means_never: z
      .boolean()
      .optional()
      .openapi({ description: "`expires_in: 0` says that a token never expires; false." }),
    refresh_returns_no_token: z.boolean().optional().openapi({
      description: "A refresh that succeeds without a token makes the one at hand live longer; false.",
    }),
    refresh_grant_type: grantType.optional().openapi({
      description: "`refresh_token`; any other exchanges the access token itself, as the parameter `refresh_token`.",
    }),
    hosts: table(z.string().regex(VARIABLE, { error: "must be fields.NAME or callback.NAME" }), hostSchema)
      .optional()
      .openapi({ description: "The variables in URIs, `{{fields.shop}}`, and what each may be." }),
    redirect_uri_name: short.optional().openapi({
      description: "What the provider calls the redirect URI that is registered there; sent in its place.",
    }),
    upgrade: z
      .strictObject({ uri: uriSchema, grant_type: grantType, ...requestMembers })
      .optional()
      .openapi({
        description:
          "The token of a code is exchanged at once, there, for one that lives longer; it is the parameter `refresh_token`.",
      }),
    revoke_uri: uriSchema.optional().openapi({ description: "RFC 7009: called when a secret is deleted." }),
    introspect_uri: uriSchema.optional().openapi({
      description: "RFC 7662: asked when a token expires whose answer does not say so.",
    }),
    keepalive_seconds: z.int().min(60).max(MOST_SECONDS).optional().openapi({
      description:
        "A grant that has rested for so long is renewed, however long its token lives: idle grants die at some providers.",
    }),
    edge_cache: z.boolean().optional().openapi({ description: "False keeps no copies of tokens at the edge; true." }),
    shared_callback: z.boolean().optional().openapi({
      description: "The redirect URI is the one that all such clients have; false.",
    }),
    refresh: z.strictObject(requestMembers).optional().openapi({ description: "What differs at a refresh." }),
    client_assertion: z.strictObject(assertionMembers(clientAssertionText)).optional().openapi({
      description: "What the assertion of `private_key_jwt` says (RFC 7523 3).",
    }),
    assertion: z
      .strictObject({ ...assertionMembers(assertionText), claims: table(short, assertionText, 20).optional() })
      .optional()
      .openapi({ description: "What the assertion of the grant type `jwt_bearer` says (RFC 7523 3)." }),
  })
  .openapi("Flavour");

/** An OAuth 2.0 registration on the wire: the credentials of an auth client of type `oauth2`, and what stands beside them. */

import { z } from "@hono/zod-openapi";
import type { AuthClient } from "../domain/auth-client.ts";
import { masked } from "../domain/free-form.ts";
import type { Flavour } from "../domain/oauth2/flavour.ts";
import type { ProviderMetadata } from "../domain/oauth2/metadata.ts";
import {
  GRANT_TYPES,
  type GrantType,
  type OAuth2Registration,
  registrationOf,
  type StatedRegistration,
} from "../domain/oauth2/registration.ts";
import { variablesIn } from "../domain/oauth2/variables.ts";
import { pemFault } from "../domain/pem.ts";
import { type EgressPolicy, LOOSEST, templateUriFault } from "../domain/provider-uri.ts";
import type { Problem } from "../errors.ts";
import { findPreset } from "../providers/presets.ts";
import { CREDENTIALS_PATH, memberAt } from "./document.ts";
import { flavourSchema } from "./flavour.ts";
import { uriSchema } from "./registration-uri.ts";
import { hostProblems, needsSecret } from "./registration-whole.ts";

/** Stands in the place of client secrets. */
export const MASK = "********";
const URIS = ["auth_uri", "token_uri", "refresh_token_uri"] as const;
const FLAVOUR_URIS = [["revoke_uri"], ["introspect_uri"], ["upgrade", "uri"]];
const MAX_PRIVATE_KEY_LENGTH = 16_384;

/** No control characters: Basic is not the only way by which these stand in a header. */
const PRINTABLE = /^[^\p{Cc}]*$/u;
const opaque = z
  .string()
  .min(1)
  .max(4096)
  .regex(PRINTABLE, { error: "must not hold control characters" })
  // Made of the whole literal, the description would hold the flag too.
  .openapi({ pattern: PRINTABLE.source });
const secret = opaque
  .refine((text) => text !== MASK, { error: "is the mask that stands in answers, not a secret" })
  .openapi({ description: "Never shown." });

const lifetime = z
  .int()
  .min(1)
  .max(2 ** 31 - 1)
  .openapi({ description: "How many seconds a token lives whose answer does not say so." });
const nextSecret = "Tried when the other is refused, so that a secret is rotated without a gap. Never shown.";
const privateKey = z
  .string()
  .max(MAX_PRIVATE_KEY_LENGTH)
  .superRefine((text, context) => {
    const fault = pemFault(text);
    if (fault !== null) context.addIssue({ code: "custom", message: fault });
  })
  .openapi({ description: "Signs the assertions of `jwt_bearer`: PKCS #8 in PEM. Never shown." });
const privateKeyId = opaque.openapi({ description: "What the provider calls that key (`kid`)." });

/** What the credentials of a client of type `oauth2` are. */
export const registrationSchema = z
  .strictObject({
    client_id: opaque,
    client_secret: secret.optional().openapi({
      description: "Never shown. Absent where the flavour says `none` or `private_key_jwt`, and for `jwt_bearer`.",
    }),
    next_client_secret: secret.optional().openapi({ description: nextSecret }),
    auth_uri: uriSchema.optional().openapi({ description: "Where people consent." }),
    token_uri: uriSchema.optional().openapi({ description: "Where codes are exchanged." }),
    refresh_token_uri: uriSchema.optional().openapi({ description: "Where tokens are renewed; often the same." }),
    token_expires_in: lifetime.optional(),
    private_key: privateKey.optional(),
    private_key_id: privateKeyId.optional(),
  })
  .openapi("OAuth2Registration");

/** What may change of it. The others may be repeated as they are. */
export const registrationChangeSchema = z.strictObject({
  client_id: z.string().optional(),
  client_secret: opaque.optional(),
  next_client_secret: opaque.nullish().openapi({ description: `${nextSecret} Null: none any more.` }),
  auth_uri: z.string().optional(),
  token_uri: z.string().optional(),
  refresh_token_uri: z.string().optional(),
  token_expires_in: lifetime.nullish(),
  private_key: z.union([z.literal(MASK), privateKey]).optional(),
  private_key_id: privateKeyId.nullish(),
});

/** What stands beside the credentials of a new client. */
export const registrationAttributes = {
  provider: z
    .string()
    .refine((name) => findPreset(name) !== null, {
      error: "must be the name of a preset: GET /v2/providers lists them",
    })
    .optional()
    .openapi({ description: "A preset, which fills in what is not stated.", example: "slack" }),
  issuer: uriSchema
    // RFC 8414 2. A variable would make it a different issuer for each secret.
    .refine((text) => !/[?{}]/.test(text), { error: "must have no query and no variables" })
    .optional()
    .openapi({ description: "Whose metadata fills in what is not stated (RFC 8414, OpenID Connect Discovery)." }),
  grant_type: z.enum(GRANT_TYPES).optional().openapi({
    description: "`authorization_code`, for which people consent; the others need nobody (RFC 6749 4.4, RFC 7523 2.1).",
  }),
  flavour: flavourSchema.optional(),
};

interface Beside {
  provider?: string | undefined;
  issuer?: string | undefined;
  grant_type?: GrantType | undefined;
  flavour?: Flavour | undefined;
}

/** Joins credentials and what stands beside them to what is sealed. */
export function statedRegistration(
  credentials: unknown,
  { provider, issuer, grant_type, flavour }: Beside,
): StatedRegistration {
  return {
    ...(registrationSchema.parse(credentials) as StatedRegistration),
    ...(provider !== undefined && { provider }),
    ...(issuer !== undefined && { issuer }),
    ...(grant_type !== undefined && { grant_type }),
    ...(flavour !== undefined && { flavour }),
  };
}

/** Fills in what a registration's preset and its issuer's metadata know. */
export function filledRegistration(stated: StatedRegistration, metadata: ProviderMetadata | null): OAuth2Registration {
  return registrationOf(stated, findPreset(stated.provider), metadata);
}

/** Shows a registration: where it leads, whoever filled that in, and none of its secrets. */
export function shownRegistration(
  stated: StatedRegistration,
  metadata: ProviderMetadata | null,
): Record<string, unknown> {
  const { auth_uri, token_uri, refresh_token_uri, token_expires_in } = filledRegistration(stated, metadata);
  const filled = { auth_uri, token_uri, refresh_token_uri, token_expires_in };
  const { provider: _, issuer: __, grant_type: ___, flavour: ____, keys: _____, ...credentials } = stated;
  const known = Object.fromEntries(Object.entries(filled).filter(([, value]) => value !== undefined && value !== ""));
  return {
    ...(masked({ ...credentials, ...known }, MASK) as Record<string, unknown>),
    ...(stated.private_key !== undefined && { private_key: MASK }),
  };
}

/** Changes a registration as a document says. `refuse` hears of what cannot change. */
export function changedRegistration(
  client: Pick<AuthClient, "credentials" | "metadata">,
  credentials: unknown,
  refuse: (member: string) => void,
): StatedRegistration {
  const change = registrationChangeSchema.parse(credentials);
  const { client_secret, next_client_secret, token_expires_in, private_key, private_key_id, ...fixed } = change;
  const stated = client.credentials as StatedRegistration;
  const shown = shownRegistration(stated, client.metadata ?? null);
  for (const [member, value] of Object.entries(fixed)) {
    if (value !== undefined && value !== shown[member]) refuse(member);
  }
  const next: Record<string, unknown> = { ...stated };
  for (const [member, value] of Object.entries({
    client_secret,
    next_client_secret,
    token_expires_in,
    private_key,
    private_key_id,
  })) {
    if (value === null) delete next[member];
    else if (value !== undefined && value !== MASK) next[member] = value;
  }
  return next as unknown as StatedRegistration;
}

/** Finds what a new registration lacks, and what in it does not go together. What a schema would refuse is left to it. */
export function registrationProblems(sent: unknown): Problem[] {
  const at = (name: string) => memberAt(sent, ["data", "attributes", name]);
  const stated = (name: string) => memberAt(sent, [...CREDENTIALS_PATH, name]);
  const flavour = flavourSchema.safeParse(at("flavour") ?? {});
  if (!flavour.success) return [];
  const preset = findPreset(typeof at("provider") === "string" ? String(at("provider")) : undefined);
  const grantType = (at("grant_type") ?? preset?.grant_type ?? "authorization_code") as GrantType;
  const isFilled = at("provider") !== undefined || at("issuer") !== undefined;
  const needed: string[] = [];
  if (!isFilled) {
    needed.push("token_uri");
    if (grantType === "authorization_code") needed.push("auth_uri", "refresh_token_uri");
  }
  const { flavour: joined = {} } = registrationOf({ client_id: "", flavour: flavour.data }, preset, null);
  if (grantType === "jwt_bearer") needed.push("private_key");
  else if (needsSecret(joined)) needed.push("client_secret");
  const missing = needed
    .filter((name) => stated(name) === undefined)
    .map((name) => ({ detail: `"${name}" is required.`, pointer: `/${[...CREDENTIALS_PATH, name].join("/")}` }));
  const unnamed = variableProblems(sent, joined);
  const uris = Object.fromEntries(
    URIS.flatMap((name) => (typeof stated(name) === "string" ? [[name, stated(name)]] : [])),
  );
  const whole = registrationOf({ client_id: "", ...uris, flavour: flavour.data }, preset, null);
  return [...missing, ...(unnamed.length > 0 ? unnamed : hostProblems(whole))];
}

/** Finds variables in URIs that the flavour does not name. */
function variableProblems(sent: unknown, { hosts = {} }: Flavour): Problem[] {
  return urisIn(sent).flatMap(({ member, path, text }) =>
    variablesIn(text)
      .filter((name) => !Object.hasOwn(hosts, name))
      .map((name) => ({
        detail: `"${member}" holds the variable "${name}", which the flavour's "hosts" do not allow.`,
        pointer: `/${path.join("/")}`,
      })),
  );
}

/** Finds URIs in a document that lead to this machine, or to another port, where that is not allowed. What a schema would refuse is left to it. */
export function egressProblems(sent: unknown, policy: EgressPolicy): Problem[] {
  return urisIn(sent).flatMap(({ member, path, text }) => {
    if (templateUriFault(text, LOOSEST) !== null) return [];
    const fault = templateUriFault(text, policy);
    return fault === null ? [] : [{ detail: `"${member}" ${fault}.`, pointer: `/${path.join("/")}` }];
  });
}

function urisIn(sent: unknown): { member: string; path: string[]; text: string }[] {
  const paths = [
    ...URIS.map((member) => [...CREDENTIALS_PATH, member]),
    ["data", "attributes", "issuer"],
    ...FLAVOUR_URIS.map((path) => ["data", "attributes", "flavour", ...path]),
  ];
  return paths.flatMap((path) => {
    const text = memberAt(sent, path);
    return typeof text === "string" ? [{ member: path.at(-1) ?? "", path, text }] : [];
  });
}

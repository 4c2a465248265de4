/** Auth clients on the wire: what a document may say. How one is shown is in `auth-client-resource`. */

import { z } from "@hono/zod-openapi";
import {
  type AuthClient,
  DEFAULT_REFRESH_LEAD_SECONDS,
  type FreeCredentials,
  hasTokens,
} from "../domain/auth-client.ts";
import type { AuthClientId } from "../domain/ids.ts";
import { inUseAfter, inUseOf } from "../domain/oauth2/client-secrets.ts";
import type { StatedRegistration } from "../domain/oauth2/registration.ts";
import { unmasked } from "../domain/free-form.ts";
import { isSame, type Place } from "../domain/place.ts";
import type { EgressPolicy } from "../domain/provider-uri.ts";
import { type Problem, ServiceError } from "../errors.ts";
import { typeSchema } from "./auth-client-resource.ts";
import { eitherOf } from "./credentials.ts";
import {
  changeDocument,
  CREDENTIALS_PATH,
  credentialsFaults,
  freeFormSchema,
  identifiedDocument,
  memberAt,
  nameSchema,
  otherIdProblems,
  platformIdSchema,
} from "./document.ts";
import { findPreset } from "../providers/presets.ts";
import { placeIn, placeProblems, placeRelationships } from "./place.ts";
import { flavourSchema } from "./flavour.ts";
import { pointerTo } from "./problems.ts";
import {
  changedRegistration,
  filledRegistration,
  egressProblems,
  MASK,
  registrationAttributes,
  registrationChangeSchema,
  registrationProblems,
  registrationSchema,
  statedRegistration,
} from "./registration.ts";
import { detours, lacksOf, readOtherwise } from "./registration-whole.ts";

const MASKED = "This is the mask that stands in answers, not a secret.";
const DAY_SECONDS = 24 * 60 * 60;

const componentsSchema = z.strictObject({
  data: z.array(z.strictObject({ id: platformIdSchema, type: z.literal("component") })).max(1000),
});

const credentialsSchema = z.record(z.string(), z.unknown()).openapi({
  description: "For `oauth2` a registration; for other types what their components want, `{}` too.",
  anyOf: eitherOf("OAuth2Registration"),
});
const changedCredentialsSchema = z.record(z.string(), z.unknown()).openapi({
  description:
    "For `oauth2` what is not stated stays; of other types all is replaced. A client secret that is stated as its mask stays.",
  anyOf: eitherOf("OAuth2RegistrationChange"),
});
const leadSchema = z
  .int()
  .min(1)
  .max(30 * DAY_SECONDS)
  .openapi({
    description: `\`oauth2\`: seconds before expiry at which a token is renewed; ${DEFAULT_REFRESH_LEAD_SECONDS}.`,
  });
const jitterSchema = z.int().min(0).max(DAY_SECONDS).openapi({
  description:
    "`oauth2`: at most so many seconds earlier, at random, so that tokens of one hour are not all renewed in one second; 0.",
});
/** Attributes that only a client with tokens has. */
const OF_TOKENS = ["provider", "issuer", "grant_type", "refresh_lead_seconds", "refresh_jitter_seconds", "flavour"];
const relationshipsSchema = z
  .strictObject({ ...placeRelationships, components: componentsSchema.optional() })
  .default({});

/** What a client is made with, and repeats when it is changed. */
const shownAsItWas = {
  secret_in_use: z.string().optional().openapi({ description: "As it was shown; not looked at." }),
  jwks_uri: z.string().optional().openapi({ description: "As it was shown; not looked at." }),
  signing_keys: z.array(z.unknown()).optional().openapi({ description: "As they were shown; not looked at." }),
  provider: z.string().nullish().openapi({ description: "As it was shown." }),
  issuer: z.string().nullish().openapi({ description: "As it was shown." }),
  grant_type: z.string().optional().openapi({ description: "As it was shown." }),
  fields: z.array(z.unknown()).optional().openapi({ description: "As they were shown; not looked at." }),
};

const newAttributes = z.strictObject({
  type: typeSchema,
  name: nameSchema,
  credentials: credentialsSchema,
  refresh_lead_seconds: leadSchema.optional(),
  refresh_jitter_seconds: jitterSchema.optional(),
  ...registrationAttributes,
});

/** What `POST /v2/auth-clients` takes. */
export const newAuthClientSchema = identifiedDocument<AuthClientId, typeof newAttributes, typeof relationshipsSchema>(
  "auth-client",
  newAttributes,
  relationshipsSchema,
);

/** What `PATCH /v2/auth-clients/{id}` takes. */
export const authClientChangeSchema = changeDocument(
  "auth-client",
  z
    .strictObject({
      type: typeSchema.optional(),
      name: nameSchema.optional(),
      credentials: changedCredentialsSchema.optional(),
      redirect_uri: z.string().optional().openapi({ description: "As it was shown; not looked at." }),
      refresh_lead_seconds: leadSchema.nullish().openapi({ description: "`oauth2`. Null: as if none had been set." }),
      refresh_jitter_seconds: jitterSchema.nullish().openapi({ description: "`oauth2`. Null: none." }),
      flavour: flavourSchema
        .nullish()
        .openapi({ description: "`oauth2`: all of it is replaced. Null: none of its own." }),
      ...shownAsItWas,
    })
    .default({}),
  relationshipsSchema,
);

type NewAuthClient = z.infer<typeof newAuthClientSchema>["data"];
type AuthClientChange = z.infer<typeof authClientChangeSchema>["data"];

/** Finds what is wrong with a new client besides its schema: credentials that its type does not allow, or addresses on this machine. */
export function newClientProblems(sent: unknown, policy: EgressPolicy): Problem[] {
  const type = memberAt(sent, ["data", "attributes", "type"]);
  const problems = [...placeProblems(sent), ...typeProblems(sent, type, registrationSchema)];
  return type === "oauth2" ? [...problems, ...registrationProblems(sent), ...egressProblems(sent, policy)] : problems;
}

/** Finds what is wrong with a change of a client of this type besides its schema. */
export function clientChangeProblems(sent: unknown, type: string, policy: EgressPolicy): Problem[] {
  const problems = [...placeProblems(sent), ...typeProblems(sent, type, registrationChangeSchema)];
  return hasTokens(type) ? [...problems, ...egressProblems(sent, policy)] : problems;
}

function typeProblems(sent: unknown, type: unknown, registration: z.ZodType): Problem[] {
  const problems = credentialsFaults(sent, type === "oauth2" ? registration : freeFormSchema);
  if (type === "oauth2") return problems;
  const stray = OF_TOKENS.filter((name) => memberAt(sent, ["data", "attributes", name]) !== undefined);
  return [
    ...problems,
    ...stray.map((name) => ({
      detail: `"${name}" is for type oauth2 alone.`,
      pointer: `/data/attributes/${name}`,
    })),
  ];
}

/** Makes the client of a document. */
export function newAuthClient(
  { attributes, relationships }: NewAuthClient,
  place: Place,
  { id, createdAt }: Pick<AuthClient, "id" | "createdAt">,
): AuthClient {
  return {
    id,
    place,
    type: attributes.type,
    name: attributes.name,
    components: relationships.components?.data.map((component) => component.id) ?? [],
    credentials: hasTokens(attributes.type)
      ? statedRegistration(attributes.credentials, attributes)
      : withSecretsOf(null, attributes.credentials),
    provider: attributes.provider ?? null,
    issuer: attributes.issuer ?? null,
    grantType: attributes.grant_type ?? findPreset(attributes.provider)?.grant_type ?? "authorization_code",
    refreshLeadSeconds: attributes.refresh_lead_seconds ?? leadOf(attributes.provider),
    refreshJitterSeconds: attributes.refresh_jitter_seconds ?? 0,
    version: 1,
    createdAt,
  };
}

function leadOf(provider: string | null | undefined): number {
  return findPreset(provider ?? undefined)?.refresh_lead_seconds ?? DEFAULT_REFRESH_LEAD_SECONDS;
}

/**
 * Changes a client as a document says. What is not stated stays; the mask in the place of a secret leaves the secret as it is.
 * @throws {ServiceError} `conflict` for what cannot change: type, level, `client_id`, the URIs and where else secrets are sent, and where tokens are in an
 *   answer once there are secrets;
 *   `invalid_document` when something would be missing then
 */
export function changedAuthClient(client: AuthClient, change: AuthClientChange, hasSecrets: boolean): AuthClient {
  const { attributes, relationships } = change;
  const conflicts: Problem[] = otherIdProblems(change.id, client.id);
  const refuse = (member: string, pointer: string) =>
    conflicts.push({ detail: `"${member}" cannot be changed. Create another auth client.`, pointer });
  if (attributes.type !== undefined && attributes.type !== client.type) refuse("type", "/data/attributes/type");
  const place = placeIn(relationships);
  if (place !== null && !isSame(place, client.place)) refuse(place.level, `/data/relationships/${place.level}`);

  const ofClient = { provider: client.provider, issuer: client.issuer, grant_type: client.grantType };
  for (const [member, value] of Object.entries(ofClient)) {
    const said = attributes[member as keyof typeof ofClient];
    if (said !== undefined && said !== value) refuse(member, `/data/attributes/${member}`);
  }

  let { credentials } = client;
  if (attributes.credentials !== undefined && hasTokens(client.type)) {
    credentials = changedRegistration(client, attributes.credentials, (member) =>
      refuse(member, `/${CREDENTIALS_PATH.join("/")}/${member}`),
    );
  } else if (attributes.credentials !== undefined) {
    credentials = withSecretsOf(credentials, attributes.credentials);
  }
  if (attributes.flavour !== undefined) credentials = { ...credentials, flavour: attributes.flavour ?? {} };
  const isOfTokens = hasTokens(client.type) && credentials !== client.credentials;
  const whole = (stated: unknown) => filledRegistration(stated as StatedRegistration, client.metadata ?? null);
  if (isOfTokens) conflicts.push(...detours(whole(client.credentials), whole(credentials)));
  if (isOfTokens && hasSecrets) conflicts.push(...readOtherwise(whole(client.credentials), whole(credentials)));
  if (conflicts.length > 0) throw new ServiceError("conflict", conflicts);
  const lacks = isOfTokens ? lacksOf(whole(credentials)) : [];
  if (lacks.length > 0) throw new ServiceError("invalid_document", lacks);
  return {
    ...client,
    name: attributes.name ?? client.name,
    components: relationships.components?.data.map(({ id }) => id) ?? client.components,
    credentials,
    ...(hasTokens(client.type) && {
      secretInUse: inUseAfter(client.credentials, credentials, inUseOf(client)),
    }),
    refreshLeadSeconds: changed(attributes.refresh_lead_seconds, client.refreshLeadSeconds, leadOf(client.provider)),
    refreshJitterSeconds: changed(attributes.refresh_jitter_seconds, client.refreshJitterSeconds, 0),
  };
}

/** Null takes back what was set. */
function changed(stated: number | null | undefined, before: number, otherwise: number): number {
  return stated === undefined ? before : (stated ?? otherwise);
}

/** Puts what stood before in the place of masks. @throws {ServiceError} `invalid_document` for masks of nothing */
function withSecretsOf(before: unknown, sent: FreeCredentials): FreeCredentials {
  const problems: Problem[] = [];
  const restored = unmasked(sent, before, MASK, (path) => {
    problems.push({ detail: MASKED, pointer: pointerTo([...CREDENTIALS_PATH, ...path]) });
  });
  if (problems.length > 0) throw new ServiceError("invalid_document", problems);
  return restored as FreeCredentials;
}

/** How an auth client is shown: everything but what is secret, to those who may see its credentials. */

import { z } from "@hono/zod-openapi";
import { AUTH_TYPE, type AuthClient, hasTokens, isFetched, redirectUri } from "../domain/auth-client.ts";
import { masked } from "../domain/free-form.ts";
import { inUseOf } from "../domain/oauth2/client-secrets.ts";
import { fieldsOf } from "../domain/oauth2/fields.ts";
import type { StatedRegistration } from "../domain/oauth2/registration.ts";
import { eitherOf, withOAuth2Credentials } from "./credentials.ts";
import { flavourSchema } from "./flavour.ts";
import { relatedPlace, shownPlaceRelationships } from "./place.ts";
import { filledRegistration, MASK, shownRegistration } from "./registration.ts";
import { shownKeys, signingKeysSchema } from "./signing-keys.ts";

/** The name of a type. */
export const typeSchema = z
  .string()
  .regex(AUTH_TYPE, { error: 'must be 1 to 40 of a-z, 0-9 and "_"' })
  .openapi({ description: "`oauth2`, `basic`, `api_key`, `noauth`, or a custom type's name.", example: "oauth2" });

/** How a client is shown. */
export const authClientSchema = z
  .strictObject({
    id: z.string(),
    type: z.literal("auth-client"),
    attributes: z
      .strictObject({
        type: typeSchema,
        name: z.string(),
        credentials: z
          .record(z.string(), z.unknown())
          .optional()
          .openapi({
            description:
              "Only for a permission of the client's own level; in the place of client secrets stands a mask.",
            anyOf: eitherOf("OAuth2Registration"),
          }),
        redirect_uri: z
          .string()
          .optional()
          .openapi({ description: "`oauth2`: the redirect URI to register at the provider.", format: "uri" }),
        fields: z
          .array(z.strictObject({ name: z.string(), required: z.boolean() }))
          .optional()
          .openapi({
            description: "`oauth2`: what each secret says in its `fields`, because a URI or an assertion holds it.",
          }),
        refresh_lead_seconds: z.int().optional().openapi({ description: "`oauth2`: as it was set." }),
        refresh_jitter_seconds: z.int().optional().openapi({ description: "`oauth2`: as it was set." }),
        provider: z.string().nullish().openapi({ description: "`oauth2`: its preset." }),
        issuer: z.string().nullish().openapi({ description: "`oauth2`: whose metadata fills it in." }),
        grant_type: z.string().optional().openapi({ description: "`oauth2`: how grants come to be." }),
        secret_in_use: z.enum(["client_secret", "next_client_secret"]).optional().openapi({
          description: "`oauth2`: which client secret the provider took last; shown with the credentials.",
        }),
        jwks_uri: z.string().optional().openapi({
          description: "`private_key_jwt`: where the provider finds the public keys.",
          format: "uri",
        }),
        signing_keys: signingKeysSchema.optional().openapi({ description: "`private_key_jwt`: the newest first." }),
        flavour: flavourSchema
          .optional()
          .openapi({ description: "`oauth2`: as it was set; shown with the credentials." }),
      })
      .openapi(withOAuth2Credentials("OAuth2Registration")),
    relationships: z.strictObject({
      ...shownPlaceRelationships,
      components: z.strictObject({ data: z.array(z.strictObject({ id: z.string(), type: z.literal("component") })) }),
    }),
    links: z.strictObject({ self: z.string() }),
    meta: z
      .strictObject({ code: z.string() })
      .optional()
      .openapi({ description: "In lists: why the credentials of this one cannot be shown now." }),
  })
  .openapi("AuthClient");

/** Shows what stands beside the credentials of a client with tokens, for those who may see these. */
function ofRegistration(client: Omit<AuthClient, "credentials">, publicUrl: string, stated: StatedRegistration) {
  const { flavour = {}, client_secret, keys } = stated;
  return {
    flavour,
    ...(client_secret !== undefined && { secret_in_use: inUseOf(client) }),
    ...shownKeys(publicUrl, client.id, keys),
  };
}

/**
 * Shows a client. Client secrets are never shown; the other credentials only where `showsCredentials`. `credentials` are null when they
 * could not be opened: then it is not known either which redirect URI the client has.
 */
export function authClientResource(
  client: Omit<AuthClient, "credentials">,
  publicUrl: string,
  credentials: AuthClient["credentials"] | null,
  showsCredentials: boolean,
): z.infer<typeof authClientSchema> {
  const isRegistration = hasTokens(client.type);
  const whole =
    isRegistration && credentials !== null
      ? filledRegistration(credentials as StatedRegistration, client.metadata ?? null)
      : null;
  return {
    id: client.id,
    type: "auth-client",
    attributes: {
      type: client.type,
      name: client.name,
      ...(credentials !== null &&
        showsCredentials && {
          credentials: isRegistration
            ? shownRegistration(credentials as StatedRegistration, client.metadata ?? null)
            : (masked(credentials, MASK) as Record<string, unknown>),
        }),
      ...(isRegistration && {
        ...(whole !== null && {
          ...(!isFetched(client) && { redirect_uri: redirectUri(publicUrl, client.id, whole) }),
          fields: fieldsOf(whole),
        }),
        refresh_lead_seconds: client.refreshLeadSeconds,
        refresh_jitter_seconds: client.refreshJitterSeconds,
        provider: client.provider,
        issuer: client.issuer,
        grant_type: client.grantType,
        ...(credentials !== null &&
          showsCredentials &&
          ofRegistration(client, publicUrl, credentials as StatedRegistration)),
      }),
    },
    relationships: {
      ...relatedPlace(client.place),
      components: { data: client.components.map((id) => ({ id, type: "component" as const })) },
    },
    links: { self: `/v2/auth-clients/${client.id}` },
  };
}

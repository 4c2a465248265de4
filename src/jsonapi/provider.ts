/** Presets on the wire: the providers that this service knows, for consoles and programs that let somebody pick one. */

import { z } from "@hono/zod-openapi";
import { DEFAULT_REFRESH_LEAD_SECONDS } from "../domain/auth-client.ts";
import type { Preset } from "../domain/oauth2/preset.ts";
import { GRANT_TYPES } from "../domain/oauth2/registration.ts";
import { flavourSchema } from "./flavour.ts";

export const PROVIDERS_PATH = "/v2/providers";

const uri = z.string().openapi({ description: "May hold variables." });

const listedAttributes = {
  title: z.string().openapi({ description: "For people." }),
  documentation: z.string().openapi({ description: "The provider's own page on this.", format: "uri" }),
  grant_type: z.enum(GRANT_TYPES).openapi({ description: "How grants come to be." }),
  fields: z
    .record(z.string(), z.strictObject({ title: z.string(), example: z.string() }))
    .openapi({ description: "What `fields` of each secret have to say, because URIs hold it as `{{fields.…}}`." }),
  note: z.string().nullable().openapi({ description: "For people: what has to be set at the provider." }),
};

/** How a provider is shown in the list. */
export const listedProviderSchema = z
  .strictObject({
    id: z.string().openapi({ description: "Its name: the `provider` of an auth client.", example: "slack" }),
    type: z.literal("provider"),
    attributes: z.strictObject(listedAttributes),
    links: z.strictObject({ self: z.string() }),
  })
  .openapi("ListedProvider");

/** How a provider is shown by itself. */
export const providerSchema = z
  .strictObject({
    ...listedProviderSchema.shape,
    attributes: z.strictObject({
      ...listedAttributes,
      auth_uri: uri.nullable().openapi({ description: "May hold variables. Null: nobody is asked for consent." }),
      token_uri: uri,
      refresh_token_uri: uri,
      token_expires_in: z
        .int()
        .nullable()
        .openapi({ description: "How many seconds a token lives whose answer does not say so; null: not known." }),
      refresh_lead_seconds: z.int().openapi({ description: "How long before its end a token is renewed." }),
      flavour: flavourSchema.openapi({ description: "In what it differs." }),
    }),
  })
  .openapi("Provider");

/** Shows a provider in the list. */
export function listedProvider(name: string, preset: Preset): z.infer<typeof listedProviderSchema> {
  const { title, documentation, grant_type = "authorization_code", fields = {}, note = null } = preset;
  return {
    id: name,
    type: "provider",
    attributes: { title, documentation, grant_type, fields, note },
    links: { self: `${PROVIDERS_PATH}/${name}` },
  };
}

/** Shows a provider by itself: what a client comes to that names it and states nothing else. */
export function providerResource(name: string, preset: Preset): z.infer<typeof providerSchema> {
  const listed = listedProvider(name, preset);
  return {
    ...listed,
    attributes: {
      ...listed.attributes,
      auth_uri: preset.auth_uri ?? null,
      token_uri: preset.token_uri,
      refresh_token_uri: preset.refresh_token_uri ?? preset.token_uri,
      token_expires_in: preset.token_expires_in ?? null,
      refresh_lead_seconds: preset.refresh_lead_seconds ?? DEFAULT_REFRESH_LEAD_SECONDS,
      flavour: preset.flavour ?? {},
    },
  };
}

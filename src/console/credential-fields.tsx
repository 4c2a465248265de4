/** The fields of what a secret holds, by the type of its client. What is typed here is on no page again. */

import type { z } from "@hono/zod-openapi";
import type { providerSchema } from "../jsonapi/provider.ts";
import type { AuthClient } from "./registration-fields.tsx";
import { type Reads } from "./form-document.ts";
import { Area, type Form, Text } from "./form.tsx";
import { type Context, readIfAny } from "./service.ts";

type Provider = z.infer<typeof providerSchema>;

const CREDENTIALS = "/data/attributes/credentials";

export const READS: Reads = {
  "/data/attributes/scopes": "words",
  "/data/attributes/additional_params": "pairs",
  [CREDENTIALS]: "json",
  [`${CREDENTIALS}/expires_in`]: "number",
};

/** Finds what is known of a client's provider; null: nothing. */
export async function providerOf(c: Context, { attributes }: AuthClient): Promise<Provider | null> {
  const { provider } = attributes;
  return provider == null ? null : ((await readIfAny<Provider>(c, `/v2/providers/${provider}`))?.data ?? null);
}

/** The credentials themselves. */
export function CredentialFields({
  form,
  client: { attributes },
  provider,
}: {
  form: Form;
  client: AuthClient;
  provider: Provider | null;
}) {
  const { type, grant_type: grant } = attributes;
  if (type === "basic") {
    return (
      <>
        <Text form={form} name={`${CREDENTIALS}/username`} label="User name" required />
        <Text form={form} name={`${CREDENTIALS}/password`} label="Password" required secret />
      </>
    );
  }
  if (type === "api_key") {
    return (
      <>
        <Text
          form={form}
          name={`${CREDENTIALS}/headerName`}
          label="Name of the header"
          placeholder="X-Api-Key"
          required
          mono
        />
        <Text form={form} name={`${CREDENTIALS}/headerValue`} label="Its value" required secret />
      </>
    );
  }
  if (type === "noauth") return null;
  if (type !== "oauth2") {
    return (
      <Area
        form={form}
        name={CREDENTIALS}
        label="Credentials"
        hint="What your components want to know, as JSON."
        required
        secret
        mono
      />
    );
  }
  const fields = (
    <FieldsOfClient form={form} client={{ attributes }} provider={provider} at={`${CREDENTIALS}/fields`} />
  );
  if (grant !== "authorization_code") {
    return (
      <>
        <Text
          form={form}
          name={`${CREDENTIALS}/scope`}
          label="Scopes"
          hint="What to ask the provider for, with spaces in between."
          mono
        />
        {fields}
      </>
    );
  }
  return (
    <>
      <Text form={form} name={`${CREDENTIALS}/access_token`} label="Access token" required secret />
      <Text
        form={form}
        name={`${CREDENTIALS}/refresh_token`}
        label="Refresh token"
        hint="Without one it is not renewed."
        secret
      />
      <Text
        form={form}
        name={`${CREDENTIALS}/expires_in`}
        label="Seconds that the access token has left"
        type="number"
      />
      {fields}
    </>
  );
}

/** What a client wants to know of each secret, a shop's name for instance: its preset has words for it. */
export function FieldsOfClient({
  form,
  client,
  provider,
  at,
}: {
  form: Form;
  client: Pick<AuthClient, "attributes">;
  provider: Provider | null;
  at: string;
}) {
  const known = provider?.attributes.fields ?? {};
  return (
    <>
      {(client.attributes.fields ?? []).map(({ name, required }) => (
        <Text
          form={form}
          name={`${at}/${name}`}
          label={known[name]?.title ?? name}
          hint={known[name] === undefined ? "Part of the provider’s addresses." : undefined}
          placeholder={known[name]?.example ?? ""}
          required={required}
        />
      ))}
    </>
  );
}

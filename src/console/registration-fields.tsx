/** The fields of an OAuth registration: where it leads, who the app is there, when tokens are renewed, in what the provider differs. */

import type { z } from "@hono/zod-openapi";
import { redirectUri } from "../domain/auth-client.ts";
import type { AuthClientId } from "../domain/ids.ts";
import type { authClientSchema } from "../jsonapi/auth-client-resource.ts";
import type { providerSchema } from "../jsonapi/provider.ts";
import { Area, Choice, Copyable, type Form, Pick, type Reads, Text } from "./form.tsx";
import type { Context } from "./service.ts";

export type AuthClient = z.infer<typeof authClientSchema>;
export type Provider = z.infer<typeof providerSchema>;

const ATTRIBUTES = "/data/attributes";
const CREDENTIALS = `${ATTRIBUTES}/credentials`;

/** How the texts of these fields become members of the document. */
export const READS: Reads = {
  [CREDENTIALS]: "json",
  [`${CREDENTIALS}/token_expires_in`]: "number",
  [`${ATTRIBUTES}/refresh_lead_seconds`]: "number",
  [`${ATTRIBUTES}/refresh_jitter_seconds`]: "number",
  [`${ATTRIBUTES}/flavour`]: "json",
};

/** What the form is for: a provider of the presets, or one of the others. */
export interface Kind {
  kind: string;
  provider: Provider | null;
  /** The `type` of the client; null: the person names it. */
  type: string | null;
}

/** All of them, for a client that is made. */
export function Registration({ c, kind: { kind, provider }, form }: { c: Context; kind: Kind; form: Form }) {
  const flavour = provider?.attributes.flavour ?? {};
  const grant = form.value(`${ATTRIBUTES}/grant_type`, provider?.attributes.grant_type ?? "authorization_code");
  const signs = flavour.client_auth === "private_key_jwt" || grant === "jwt_bearer";
  // The provider has to know the callback URL before it gives an id, so ours is there before the client is.
  const id = form.value("/data/id", crypto.randomUUID());
  return (
    <>
      <input type="hidden" name="/data/id" value={id} />
      {grant === "authorization_code" ? (
        <div class="card">
          <h2>First, at the provider</h2>
          <p>
            Register an app there, and give it this callback URL (redirect URI). Then the provider tells you the client
            id and secret.
          </p>
          <Copyable
            id="callback"
            label="Callback URL"
            value={redirectUri(c.env.publicUrl, id as AuthClientId, { flavour })}
          />
        </div>
      ) : null}
      {kind === "issuer" ? (
        <Text
          form={form}
          name={`${ATTRIBUTES}/issuer`}
          label="Issuer"
          hint="Exactly as the provider names itself, to the last slash."
          type="url"
          placeholder="https://id.example.com"
          required
          mono
        />
      ) : null}
      <Text form={form} name={`${CREDENTIALS}/client_id`} label="Client id" required mono />
      {signs ? null : (
        <Text
          form={form}
          name={`${CREDENTIALS}/client_secret`}
          label="Client secret"
          hint="Sealed when it is stored, and never shown again. A public client has none, and says client_auth: none in its flavour, under Advanced."
          secret
        />
      )}
      {grant === "jwt_bearer" ? (
        <>
          <Area
            form={form}
            name={`${CREDENTIALS}/private_key`}
            label="Private key"
            hint="PKCS #8 in PEM, as the provider gave it to you."
            secret
            mono
            required
          />
          <Text form={form} name={`${CREDENTIALS}/private_key_id`} label="Id of the private key" mono />
        </>
      ) : null}
      {kind === "hand" ? <Addresses form={form} isRequired hasConsent={grant === "authorization_code"} /> : null}
      <details open={form.faults.length > 0}>
        <summary>Advanced</summary>
        <div class="fields">
          {kind === "hand" ? null : <Addresses form={form} provider={provider} />}
          {provider === null ? <GrantType form={form} grant={grant} /> : null}
          <Timing form={form} provider={provider} />
          <Flavour form={form} />
        </div>
      </details>
    </>
  );
}

function Addresses({
  form,
  provider = null,
  isRequired = false,
  hasConsent = false,
}: {
  form: Form;
  provider?: Provider | null;
  isRequired?: boolean;
  hasConsent?: boolean;
}) {
  const known = provider?.attributes;
  const field = (name: string, label: string, placeholder: string | null | undefined, required: boolean) => (
    <Text
      form={form}
      name={`${CREDENTIALS}/${name}`}
      label={label}
      placeholder={placeholder ?? "https://"}
      required={required}
      mono
    />
  );
  return (
    <>
      {field("auth_uri", "Where people consent (authorization endpoint)", known?.auth_uri, isRequired && hasConsent)}
      {field("token_uri", "Where codes are exchanged (token endpoint)", known?.token_uri, isRequired)}
      {field(
        "refresh_token_uri",
        "Where tokens are renewed, mostly the same",
        known?.refresh_token_uri,
        isRequired && hasConsent,
      )}
    </>
  );
}

function GrantType({ form, grant }: { form: Form; grant: string }) {
  return (
    <Pick form={form} name={`${ATTRIBUTES}/grant_type`} label="How tokens come to be">
      <Choice value="authorization_code" chosen={grant}>
        A person consents (authorization_code)
      </Choice>
      <Choice value="client_credentials" chosen={grant}>
        The app by itself (client_credentials)
      </Choice>
      <Choice value="jwt_bearer" chosen={grant}>
        A signed assertion (jwt_bearer)
      </Choice>
    </Pick>
  );
}

/** When tokens of a client are renewed. */
export function Timing({
  form,
  client,
  provider = null,
}: {
  form: Form;
  client?: AuthClient;
  provider?: Provider | null;
}) {
  const shown = client?.attributes;
  const lead = shown?.refresh_lead_seconds ?? provider?.attributes.refresh_lead_seconds;
  const text = (value: unknown) => (typeof value === "number" ? String(value) : undefined);
  return (
    <>
      <Text
        form={form}
        name={`${ATTRIBUTES}/refresh_lead_seconds`}
        label="Renew so many seconds before the end"
        type="number"
        value={text(lead)}
        placeholder="60"
      />
      <Text
        form={form}
        name={`${ATTRIBUTES}/refresh_jitter_seconds`}
        label="… and up to so many earlier, at random"
        type="number"
        value={text(shown?.refresh_jitter_seconds)}
        placeholder="0"
      />
      <Text
        form={form}
        name={`${CREDENTIALS}/token_expires_in`}
        label="Seconds that a token lives, where the provider does not say"
        type="number"
        value={text(shown?.credentials?.["token_expires_in"])}
      />
    </>
  );
}

/** In what its provider differs from the standard. */
export function Flavour({ form, value }: { form: Form; value?: string }) {
  const hint = "In what the provider differs from the standard, as JSON. docs/PROVIDERS.md has all of it.";
  return (
    <Area
      form={form}
      name={`${ATTRIBUTES}/flavour`}
      label="Flavour"
      hint={hint}
      value={value}
      placeholder={'{ "client_auth": "body" }'}
      mono
    />
  );
}

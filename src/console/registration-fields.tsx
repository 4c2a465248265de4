/** The fields of an OAuth registration: where it leads, who the app is there, when tokens are renewed, in what the provider differs. */

import type { z } from "@hono/zod-openapi";
import { redirectUri } from "../domain/auth-client.ts";
import type { AuthClientId } from "../domain/ids.ts";
import type { authClientSchema } from "../jsonapi/auth-client-resource.ts";
import type { providerSchema } from "../jsonapi/provider.ts";
import { FLAVOUR_READS, FlavourJson, ScopesAndParameters, textsOf } from "./flavour-fields.tsx";
import { type Reads } from "./form-document.ts";
import { Area, Choice, Copyable, type Form, Pick, Text } from "./form.tsx";
import type { Context } from "./service.ts";

export type AuthClient = z.infer<typeof authClientSchema>;
export type Provider = z.infer<typeof providerSchema>;

const ATTRIBUTES = "/data/attributes";
const CREDENTIALS = `${ATTRIBUTES}/credentials`;

/** How the texts of these fields become members of the document. */
export const READS: Reads = {
  ...FLAVOUR_READS,
  [CREDENTIALS]: "json",
  [`${CREDENTIALS}/token_expires_in`]: "number",
  [`${ATTRIBUTES}/refresh_lead_seconds`]: "number",
  [`${ATTRIBUTES}/refresh_jitter_seconds`]: "number",
};

/** What the form is for: a provider of the presets, or one of the others. */
export interface Kind {
  kind: string;
  provider: Provider | null;
  /** The `type` of the client; null: the person names it. */
  type: string | null;
  /** How tokens come to be: what is asked depends on it. */
  grant: string;
}

/** All of them, for a client that is made with this id. */
export function Registration({ c, kind, id, form }: { c: Context; kind: Kind; id: string; form: Form }) {
  const { provider, grant } = kind;
  const [how] = kind.kind.split(":");
  const flavour = provider?.attributes.flavour ?? {};
  const texts = textsOf({}, flavour);
  return (
    <>
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
      {how === "issuer" ? (
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
      {grant === "jwt_bearer" ? (
        <PrivateKey form={form} required />
      ) : flavour.client_auth === "private_key_jwt" ? null : (
        <>
          {provider === null ? <Proof form={form} /> : null}
          <Text
            form={form}
            name={`${CREDENTIALS}/client_secret`}
            label="Client secret"
            hint="Sealed when it is stored, and never shown again."
            required={provider !== null && flavour.client_auth !== "none"}
            depends={provider === null}
            secret
          />
        </>
      )}
      {how === "hand" ? <Addresses form={form} isRequired hasConsent={grant === "authorization_code"} /> : null}
      <ScopesAndParameters form={form} grant={grant} texts={texts} />
      <details open={form.faults.length > 0}>
        <summary>Advanced</summary>
        <div class="fields">
          {how === "hand" ? null : <Addresses form={form} provider={provider} />}
          <Timing form={form} provider={provider} texts={{}} />
          <FlavourJson form={form} texts={texts} />
        </div>
      </details>
    </>
  );
}

/** The key of a client that signs assertions; `keyId` is what the provider calls the one at hand. */
export function PrivateKey({ form, keyId, required }: { form: Form; keyId?: string | undefined; required?: boolean }) {
  return (
    <>
      <Area
        form={form}
        name={`${CREDENTIALS}/private_key`}
        label="Private key"
        hint="PKCS #8 in PEM, as the provider gave it to you. Never shown again."
        secret
        mono
        required={required ?? false}
      />
      <Text form={form} name={`${CREDENTIALS}/private_key_id`} label="Id of the private key" value={keyId} mono />
    </>
  );
}

function Proof({ form }: { form: Form }) {
  const name = `${ATTRIBUTES}/flavour/client_auth`;
  const chosen = form.value(name);
  return (
    <Pick form={form} name={name} label="How the app proves who it is" depends>
      <Choice value="" chosen={chosen}>
        As most do: client secret, in the request
      </Choice>
      <Choice value="basic" chosen={chosen}>
        Client secret, in a header (Basic)
      </Choice>
      <Choice value="none" chosen={chosen}>
        Not at all: a public client has no secret
      </Choice>
      <Choice value="private_key_jwt" chosen={chosen}>
        It signs (private_key_jwt): the key is made here
      </Choice>
    </Pick>
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

/** When tokens of a client are renewed. `texts` are what stands there before anybody typed. */
export function Timing({
  form,
  provider,
  texts,
}: {
  form: Form;
  provider: Provider | null;
  texts: Readonly<Record<string, string>>;
}) {
  const { refresh_lead_seconds: lead, token_expires_in: lifetime } = provider?.attributes ?? {};
  const field = (name: string, label: string, placeholder?: string | number | null) => (
    <Text
      form={form}
      name={name}
      label={label}
      type="number"
      value={texts[name]}
      placeholder={String(placeholder ?? "")}
    />
  );
  return (
    <>
      {field(`${ATTRIBUTES}/refresh_lead_seconds`, "Renew so many seconds before the end", lead ?? 60)}
      {field(`${ATTRIBUTES}/refresh_jitter_seconds`, "… and up to so many earlier, at random", 0)}
      {field(
        `${CREDENTIALS}/token_expires_in`,
        "Seconds that a token lives, where the provider does not say",
        lifetime,
      )}
    </>
  );
}

/** Changing an auth client: a form for each thing, which sends nothing but what it is about and what was changed in it. */

import type { Child } from "hono/jsx";
import { When } from "../look/time.tsx";
import { FlavourJson, flavourChanges, flavourOf, ScopesAndParameters, textsOf } from "./flavour-fields.tsx";
import { changesOf, documentOf } from "./form-document.ts";
import { Area, Copyable, Faults, Form, PostForm, Text } from "./form.tsx";
import { type AuthClient, PrivateKey, type Provider, READS, Timing } from "./registration-fields.tsx";
import { baseOf, type Context, type Fault } from "./service.ts";

const ATTRIBUTES = "/data/attributes";
const CREDENTIALS = `${ATTRIBUTES}/credentials`;
const NEXT_SECRET = `${CREDENTIALS}/next_client_secret`;

/** Makes the document of what a form of these changes. */
export function changeOf(
  sent: URLSearchParams,
  client: AuthClient,
  provider: Provider | null,
): { document: object; faults: Fault[] } {
  const shown = shownTexts(client, provider);
  const others = new URLSearchParams([...sent].filter(([name]) => !name.startsWith(`${ATTRIBUTES}/flavour`)));
  if (others.has("remove_next")) others.set(NEXT_SECRET, "");
  // Nobody sees a secret, so one that is there counts as shown, and empty means removed.
  const removed = others.has("remove_next") ? { [NEXT_SECRET]: "********" } : {};
  const changes = changesOf(others, { ...shown, ...removed }, READS);
  const ofFlavour = flavourChanges(sent, shown);
  if (ofFlavour.size === 0) return changes;
  const { document, faults } = documentOf(ofFlavour, READS);
  const { data } = document as { data?: { attributes: { flavour: object } } };
  const flavour = flavourOf(data?.attributes.flavour as never, ofFlavour, provider?.attributes.flavour ?? {});
  const { data: rest } = changes.document as { data?: { attributes?: object } };
  return {
    document: { data: { attributes: { ...rest?.attributes, flavour } } },
    faults: [...changes.faults, ...faults],
  };
}

/** Gives what stands in the fields before anybody typed. What the preset says of timing is no text of the client's. */
function shownTexts({ attributes }: AuthClient, provider: Provider | null): Record<string, string> {
  const { credentials = {}, flavour = {}, refresh_lead_seconds: lead, refresh_jitter_seconds: jitter } = attributes;
  const { token_expires_in: lifetime, private_key_id: keyId } = credentials;
  const text = (value: unknown) => (typeof value === "number" || typeof value === "string" ? String(value) : "");
  return {
    ...textsOf(flavour, provider?.attributes.flavour ?? {}),
    [`${ATTRIBUTES}/name`]: attributes.name,
    [`${ATTRIBUTES}/refresh_lead_seconds`]: text(lead),
    [`${ATTRIBUTES}/refresh_jitter_seconds`]: text(jitter),
    [`${CREDENTIALS}/token_expires_in`]: lifetime === provider?.attributes.token_expires_in ? "" : text(lifetime),
    [`${CREDENTIALS}/private_key_id`]: text(keyId),
  };
}

interface ChangesProps {
  c: Context;
  client: AuthClient;
  provider: Provider | null;
  /** What was sent from one of the forms, and refused. */
  sent: Form;
}

/** All the forms there are for a client. */
export function Changes(props: ChangesProps) {
  const { client, provider } = props;
  const { type, grant_type: grant, credentials, flavour, signing_keys: keys } = client.attributes;
  const shown = shownTexts(client, provider);
  const whole = { ...provider?.attributes.flavour, ...flavour };
  const hasSecret = credentials === undefined ? grant !== "jwt_bearer" : "client_secret" in credentials;
  const field = `${ATTRIBUTES}/name`;
  return (
    <section class="stack">
      <h2>Change it</h2>
      <ChangeForm {...props} name="name" summary="Rename it">
        {(form) => <Text form={form} name={field} label="Name" value={shown[field]} required />}
      </ChangeForm>
      {type === "oauth2" && (hasSecret || (whole.client_auth ?? "") === "") && grant !== "jwt_bearer" ? (
        <ChangeForm {...props} name="secret" summary="Change the client secret">
          {(form) => <Secrets form={form} client={client} />}
        </ChangeForm>
      ) : null}
      {grant === "jwt_bearer" ? (
        <ChangeForm {...props} name="key" summary="Replace the private key">
          {(form) => <PrivateKey form={form} keyId={shown[`${CREDENTIALS}/private_key_id`]} />}
        </ChangeForm>
      ) : null}
      {keys === undefined ? null : <SigningKeys {...props} keys={keys} />}
      {type === "oauth2" ? (
        <ChangeForm {...props} name="advanced" summary="Advanced">
          {(form) => (
            <>
              {flavour === undefined ? null : <ScopesAndParameters form={form} grant={grant ?? ""} texts={shown} />}
              <Timing form={form} provider={provider} texts={shown} />
              {flavour === undefined ? null : <FlavourJson form={form} texts={shown} />}
              <p class="hint">What you empty counts as never set.</p>
            </>
          )}
        </ChangeForm>
      ) : (
        <ChangeForm {...props} name="settings" summary="Replace the shared settings">
          {(form) => (
            <Area
              form={form}
              name={CREDENTIALS}
              label="Shared settings"
              hint="As JSON. All of them are replaced."
              required
              mono
              secret
            />
          )}
        </ChangeForm>
      )}
      {type === "oauth2" ? (
        <p class="hint">The client id and the addresses cannot change: for others, make another auth client.</p>
      ) : null}
    </section>
  );
}

function ChangeForm({
  c,
  client,
  sent,
  name,
  summary,
  button = "Save",
  children,
}: ChangesProps & { name: string; summary: string; button?: string | null; children: (form: Form) => Child }) {
  const isNamed = c.req.query("form") === name;
  const form = isNamed ? sent : new Form();
  return (
    <details open={isNamed}>
      <summary>{summary}</summary>
      <PostForm c={c} action={`${baseOf(c)}/clients/${client.id}?form=${name}`}>
        <Faults form={form} />
        {children(form.apart(`${name}-`))}
        {button === null ? null : <button>{button}</button>}
      </PostForm>
    </details>
  );
}

function Secrets({ form, client: { attributes } }: { form: Form; client: AuthClient }) {
  const { credentials, secret_in_use: inUse } = attributes;
  const hasNext = credentials === undefined || "next_client_secret" in credentials;
  return (
    <>
      <Text
        form={form}
        name={`${CREDENTIALS}/client_secret`}
        label="Client secret"
        hint="Left empty, it stays as it is."
        secret
      />
      <Text
        form={form}
        name={NEXT_SECRET}
        label="Next client secret"
        hint={
          inUse === "next_client_secret"
            ? "The provider takes this one now. Put it in the place of the client secret, and remove it here."
            : "The provider’s new one, beside the old: whichever works is used, so nothing stops on the day of the change."
        }
        secret
      />
      {hasNext ? (
        <label class="choice">
          <input type="checkbox" name="remove_next" value="yes" />
          <span>Remove the next client secret</span>
        </label>
      ) : null}
    </>
  );
}

function SigningKeys(props: ChangesProps & { keys: NonNullable<AuthClient["attributes"]["signing_keys"]> }) {
  const { client, keys } = props;
  const now = Date.now();
  // Until the newest key signs the API makes no other.
  const isWaiting = keys.some(({ signs_from: from }) => Date.parse(from) > now);
  return (
    <ChangeForm
      {...props}
      name="new-key"
      summary="Replace the signing key"
      button={isWaiting ? null : "Make a new key"}
    >
      {() => (
        <>
          <p>
            A new key is published at once and signs ten minutes later, when the provider can know it. Two older ones
            stay published.
          </p>
          <Copyable id="jwks" label="Where the provider finds the keys" value={client.attributes.jwks_uri ?? ""} />
          <ul class="list">
            {keys.map(({ kid, alg, signs_from: from }) => (
              <li>
                <code>{kid}</code> ({alg}):{" "}
                {Date.parse(from) > now && keys.length > 1 ? (
                  <>
                    signs <When at={from} now={now} />
                  </>
                ) : (
                  "may sign"
                )}
              </li>
            ))}
          </ul>
          {isWaiting ? (
            <p class="muted">The newest is not ten minutes old. Until it is, no other can be made.</p>
          ) : null}
        </>
      )}
    </ChangeForm>
  );
}

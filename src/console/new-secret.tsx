/** Making a secret for a client of any type: a person consents, a token is fetched, or it is typed in. */

import type { Child } from "hono/jsx";
import { levelsToMake, may } from "./access.ts";
import type { AuthClient } from "./registration-fields.tsx";
import { beginConsent } from "./consent.tsx";
import { CredentialFields, FieldsOfProvider, providerOf, READS } from "./credential-fields.tsx";
import { Area, Choice, documentOf, Faults, Form, Pick, PostForm, Text } from "./form.tsx";
import { Empty, show, Title } from "./frame.tsx";
import { clientsOf } from "./secrets.tsx";
import { baseOf, type Context, onTo, Refusal, send } from "./service.ts";
import type { Secret } from "./state.tsx";

const ATTRIBUTES = "/data/attributes";

export async function newSecretPage(c: Context): Promise<Response> {
  return await showForm(c, c.req.query("client") ?? "", new Form(), 200);
}

/** Takes the form: starts a consent, or stores what was typed. */
export async function createSecret(c: Context): Promise<Response> {
  const sent = c.get("form");
  const id = sent.get("client") ?? "";
  const { document, faults } = documentOf(sent, READS);
  if (faults.length > 0) return await showForm(c, id, new Form(sent, faults), 400);
  const { data = {} } = document as { data?: object };
  const relationships = { auth_client: { data: { id, type: "auth-client" } } };
  try {
    if (sent.has("consent")) return await beginConsent(c, { ...data, relationships }, sent.get("consent") === "link");
    const path = `/v2/workspaces/${c.get("workspace")}/secrets`;
    const { data: made } = await send<Secret>(c, "POST", path, {
      data: { type: "auth-secret", ...data, relationships },
    });
    return onTo(c, `${baseOf(c)}/secrets/${made.id}`, "created");
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return await showForm(c, id, new Form(sent, error.faults), error.status);
  }
}

async function showForm(c: Context, id: string, form: Form, status: number): Promise<Response> {
  const base = baseOf(c);
  const mayMake = may(c, "workspaces.auth_secret.create");
  const clients = mayMake ? await clientsOf(c) : [];
  const client = clients.find((each) => each.id === id);
  return await show(c, {
    title: "Connect an account",
    tab: "secrets",
    status,
    children: (
      <>
        <Title trail={<a href={`${base}/secrets`}>Secrets</a>}>Connect an account</Title>
        {!mayMake ? (
          <Empty title="You may not connect accounts">
            <p>Ask somebody whose key has the permission workspaces.auth_secret.create.</p>
          </Empty>
        ) : (
          <>
            <PickClient c={c} id={id} clients={clients} />
            {client === undefined ? <Faults form={form} /> : await formFor(c, client, form)}
          </>
        )}
      </>
    ),
  });
}

function PickClient({ c, id, clients }: { c: Context; id: string; clients: AuthClient[] }) {
  const add =
    levelsToMake(c, "client").length === 0 ? null : (
      <a class={clients.length === 0 ? "button" : undefined} href={`${baseOf(c)}/clients/new?for=secret`}>
        + Add new client
      </a>
    );
  if (clients.length === 0) {
    return (
      <Empty title="First, an auth client">
        <p>
          It is your app’s registration at the provider: what everybody who connects an account has in common. There is
          none that you can use here yet.
        </p>
        <div class="actions">{add}</div>
      </Empty>
    );
  }
  return (
    <form class="form">
      <div class="inline">
        <div class="wide">
          <Pick form={new Form()} name="client" label="Auth client" required>
            <Choice value="" chosen={id}>
              Choose …
            </Choice>
            {clients.map((client) => (
              <Choice value={client.id} chosen={id}>
                {client.attributes.name} ({client.attributes.provider ?? client.attributes.type})
              </Choice>
            ))}
          </Pick>
        </div>
        <button class="quiet">Use this</button>
      </div>
      <p>{add}</p>
    </form>
  );
}

async function formFor(c: Context, client: AuthClient, form: Form): Promise<Child> {
  const { type, grant_type: grant } = client.attributes;
  const provider = await providerOf(c, client);
  const name = (
    <Text
      form={form}
      name={`${ATTRIBUTES}/name`}
      label="Name"
      hint="Whose account it is, for instance “Anna, CRM”."
      required
    />
  );
  const asksPerson = type === "oauth2" && grant === "authorization_code";
  const isImport = form.wasSent && !form.value("consent") && asksPerson;
  const importing = (isImport ? form : new Form()).apart("brought-");
  return (
    <>
      <PostForm c={c} action={`${baseOf(c)}/secrets/new`}>
        <input type="hidden" name="client" value={client.id} />
        {isImport ? null : <Faults form={form} />}
        {name}
        {asksPerson ? (
          <>
            <ConsentFields form={form} />
            <FieldsOfProvider form={form} provider={provider} at={`${ATTRIBUTES}/fields`} />
            <div class="actions">
              <button name="consent" value="here">
                Authorize
              </button>
              <button name="consent" value="link" class="quiet">
                Make a link to send
              </button>
            </div>
          </>
        ) : (
          <>
            <CredentialFields form={form} client={client} provider={provider} />
            <button>{type === "oauth2" ? "Fetch the first token" : "Create the secret"}</button>
          </>
        )}
      </PostForm>
      {asksPerson ? (
        <details open={isImport} class="form">
          <summary>I have tokens already</summary>
          <PostForm c={c} action={`${baseOf(c)}/secrets/new`}>
            <input type="hidden" name="client" value={client.id} />
            {isImport ? <Faults form={importing} /> : null}
            <Text form={importing} name={`${ATTRIBUTES}/name`} label="The account’s name" required />
            <CredentialFields form={importing} client={client} provider={provider} />
            <button>Import the tokens</button>
          </PostForm>
        </details>
      ) : null}
    </>
  );
}

/** What is asked of a person at the provider. */
export function ConsentFields({ form, scope }: { form: Form; scope?: string }) {
  return (
    <>
      <Text
        form={form}
        name={`${ATTRIBUTES}/scopes`}
        label="Scopes"
        hint="What to ask the person for, with spaces in between."
        value={scope}
        mono
      />
      <Area
        form={form}
        name={`${ATTRIBUTES}/additional_params`}
        label="Additional parameters"
        hint="More for the provider’s page, one a line: prompt=consent"
        rows={2}
        mono
      />
    </>
  );
}

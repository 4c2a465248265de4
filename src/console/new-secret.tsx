/** Making a secret for a client of any type: a person consents, a token is fetched, or it is typed in. */

import type { Child } from "hono/jsx";
import { levelsToMake, may, mayConnect } from "./access.ts";
import { choicesOf, ClientChoice, clientNamed } from "./client-choice.tsx";
import { beginConsent, ConsentButtons } from "./consent.tsx";
import { CredentialFields, FieldsOfClient, providerOf, READS } from "./credential-fields.tsx";
import { documentOf } from "./form-document.ts";
import { Area, Copyable, Faults, Form, PostForm, Text } from "./form.tsx";
import { Empty, show, Title, TrailTo } from "./frame.tsx";
import type { AuthClient } from "./registration-fields.tsx";
import { baseOf, type Context, onTo, Refusal, send } from "./service.ts";
import type { Secret } from "./state.tsx";

const ATTRIBUTES = "/data/attributes";

export async function newSecretPage(c: Context): Promise<Response> {
  return await showForm(c, new Form(), 200);
}

/** Takes the form: starts a consent, or stores what was typed. */
export async function createSecret(c: Context): Promise<Response> {
  const sent = c.get("form");
  const { document, faults } = documentOf(sent, READS);
  if (faults.length > 0) return await showForm(c, new Form(sent, faults), 400);
  const { data = {} } = document as { data?: object };
  const relationships = { auth_client: { data: { id: c.req.query("client") ?? "", type: "auth-client" } } };
  try {
    if (sent.has("consent")) return await beginConsent(c, { ...data, relationships }, sent.get("consent") === "link");
    const path = `/v2/workspaces/${c.get("workspace")}/secrets`;
    const { data: made } = await send<Secret>(c, "POST", path, {
      data: { type: "auth-secret", ...data, relationships },
    });
    if (!may(c, "workspaces.auth_secret.get")) return await showMade(c, made);
    return onTo(c, `${baseOf(c)}/secrets/${made.id}`, "created");
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return await showForm(c, new Form(sent, error.faults), error.status);
  }
}

/** Whoever may make secrets may not see them, perhaps. */
async function showMade(c: Context, { id, attributes }: Secret): Promise<Response> {
  return await show(c, {
    title: attributes.name,
    tab: "secrets",
    status: 201,
    children: (
      <>
        <Title>{attributes.name}</Title>
        <p>The account is connected. You may not look at it, so keep its id.</p>
        <div class="form">
          <Copyable id="made" label="Id" value={id} />
        </div>
        <p>
          <a href={`${baseOf(c)}/secrets/new`}>Connect another one</a>
        </p>
      </>
    ),
  });
}

async function showForm(c: Context, form: Form, status: number): Promise<Response> {
  const trail = (
    <TrailTo path={`${baseOf(c)}/secrets`} isSeen={may(c, "workspaces.auth_secret.get")}>
      Secrets
    </TrailTo>
  );
  return await show(c, {
    title: "Connect an account",
    tab: "secrets",
    status,
    children: (
      <>
        <Title trail={trail}>Connect an account</Title>
        {mayConnect(c) ? await formsOf(c, form) : <NotAllowed />}
      </>
    ),
  });
}

function NotAllowed() {
  return (
    <Empty title="You may not connect accounts">
      <p>
        Ask somebody for a key with the permissions workspaces.auth_secret.create and workspaces.auth_clients.get: the
        second is to pick an auth client.
      </p>
    </Empty>
  );
}

async function formsOf(c: Context, form: Form): Promise<Child> {
  const [client, choices] = await Promise.all([clientNamed(c, c.req.query("client") ?? ""), choicesOf(c)]);
  const hasNone = choices.data.length === 0 && (c.req.query("find") ?? "") === "";
  const add =
    levelsToMake(c, "client").length === 0 ? null : (
      <a class={hasNone ? "button" : undefined} href={`${baseOf(c)}/clients/new?for=secret`}>
        + Add new client
      </a>
    );
  if (hasNone) {
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
    <>
      <ClientChoice c={c} chosen={client} choices={choices} />
      <p>{add}</p>
      {client === null ? <Faults form={form} /> : await formFor(c, client, form)}
    </>
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
  const action = `${baseOf(c)}/secrets/new?client=${client.id}`;
  return (
    <>
      <PostForm c={c} action={action}>
        {isImport ? null : <Faults form={form} />}
        {name}
        {asksPerson ? (
          <>
            <ConsentFields form={form} />
            <FieldsOfClient form={form} client={client} provider={provider} at={`${ATTRIBUTES}/fields`} />
            <ConsentButtons />
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
          <PostForm c={c} action={action}>
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

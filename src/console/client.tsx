/** One auth client: what it says, what is wrong with it, how it is changed and deleted. */

import { hereQuery, levelOf, mayConnect, mayWithClient, placeInWords } from "./access.ts";
import { changeOf, Changes } from "./client-changes.tsx";
import { DeleteForm, unconfirmed } from "./confirm.tsx";
import { providerOf } from "./credential-fields.tsx";
import { Diagnose, type Diagnosis } from "./diagnosis.tsx";
import { documentOf } from "./form-document.ts";
import { Copyable, Form } from "./form.tsx";
import { show, Title } from "./frame.tsx";
import type { AuthClient } from "./registration-fields.tsx";
import { baseOf, type Context, onTo, read, Refusal, send } from "./service.ts";

/** Shows one client. */
export async function clientPage(c: Context): Promise<Response> {
  return await showClient(c, await clientOf(c), {});
}

/** Takes the form of its page that the address names. */
export async function changeClient(c: Context): Promise<Response> {
  const sent = c.get("form");
  const client = await clientOf(c);
  const path = `/v2/auth-clients/${client.id}`;
  try {
    if (c.req.query("form") === "new-key") {
      await send(c, "POST", `${path}/keys`);
    } else {
      const { document, faults } = changeOf(sent, client, await providerOf(c, client));
      if (faults.length > 0) return await showClient(c, client, { changes: new Form(sent, faults), status: 400 });
      const { data = {} } = document as { data?: object };
      if (Object.keys(data).length > 0) await send(c, "PATCH", path, { data: { type: "auth-client", ...data } });
    }
    return onTo(c, `${baseOf(c)}/clients/${client.id}`, "saved");
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return await showClient(c, client, { changes: new Form(sent, error.faults), status: error.status });
  }
}

/** Finds out what is wrong with one. */
export async function diagnosePage(c: Context): Promise<Response> {
  const client = await clientOf(c);
  const sent = c.get("form");
  const { data } = documentOf(sent).document as { data?: object };
  const body = data === undefined ? {} : { data: { type: "diagnosis", ...data } };
  try {
    const { data: diagnosis } = await send<Diagnosis>(c, "POST", `/v2/auth-clients/${client.id}/diagnose`, body);
    return await showClient(c, client, { diagnosis, diagnosing: new Form(sent) });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return await showClient(c, client, { diagnosing: new Form(sent, error.faults), status: error.status });
  }
}

/** Deletes one, if its name was typed. */
export async function deleteClient(c: Context): Promise<Response> {
  const client = await clientOf(c);
  const faults = unconfirmed(c.get("form"), client.attributes.name);
  if (faults.length > 0) return await showClient(c, client, { deleting: new Form(c.get("form"), faults), status: 400 });
  try {
    await send(c, "DELETE", `/v2/auth-clients/${client.id}`);
    return onTo(c, `${baseOf(c)}/clients`, "deleted");
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return await showClient(c, client, { deleting: new Form(c.get("form"), error.faults), status: error.status });
  }
}

async function clientOf(c: Context): Promise<AuthClient> {
  return (await read<AuthClient>(c, `/v2/auth-clients/${encodeURIComponent(c.req.param("id") ?? "")}?${hereQuery(c)}`))
    .data;
}

interface Sent {
  changes?: Form;
  deleting?: Form;
  diagnosing?: Form;
  diagnosis?: Diagnosis;
  status?: number;
}

async function showClient(c: Context, client: AuthClient, sent: Sent): Promise<Response> {
  const { attributes, relationships, id } = client;
  const path = `${baseOf(c)}/clients/${id}`;
  const level = levelOf(relationships);
  const mayEdit = mayWithClient(c, level, "edit");
  const provider = mayEdit ? await providerOf(c, client) : null;
  return await show(c, {
    title: attributes.name,
    tab: "clients",
    status: sent.status ?? 200,
    children: (
      <>
        <Title
          trail={<a href={`${baseOf(c)}/clients`}>Auth clients</a>}
          actions={
            mayConnect(c) ? (
              <a class="button" href={`${baseOf(c)}/secrets/new?client=${id}`}>
                Connect an account
              </a>
            ) : undefined
          }
        >
          {attributes.name}
        </Title>
        {attributes.redirect_uri === undefined || attributes.grant_type !== "authorization_code" ? null : (
          <div class="card form">
            <p>The provider has to know this callback URL (redirect URI) of the app:</p>
            <Copyable id="callback" label="Callback URL" value={attributes.redirect_uri} />
          </div>
        )}
        <section class="stack">
          <h2>What it says</h2>
          <div class="card">
            <ClientFacts client={client} />
          </div>
        </section>
        {mayEdit && attributes.type === "oauth2" ? (
          <Diagnose
            c={c}
            path={path}
            diagnosis={sent.diagnosis}
            form={sent.diagnosing ?? new Form()}
            client={client}
            provider={provider}
          />
        ) : null}
        {mayEdit ? <Changes c={c} client={client} provider={provider} sent={sent.changes ?? new Form()} /> : null}
        {mayWithClient(c, level, "delete") ? (
          <section>
            <DeleteForm
              c={c}
              action={`${path}/delete`}
              what="auth client"
              name={attributes.name}
              form={sent.deleting ?? new Form()}
            >
              <p>Only while no secret uses it.</p>
            </DeleteForm>
          </section>
        ) : null}
      </>
    ),
  });
}

function ClientFacts({ client: { id, attributes, relationships } }: { client: AuthClient }) {
  const { credentials = {}, jwks_uri: jwksUri } = attributes;
  const address = (label: string, value: unknown) =>
    typeof value === "string" ? (
      <>
        <dt>{label}</dt>
        <dd>
          <code>{value}</code>
        </dd>
      </>
    ) : null;
  return (
    <dl class="facts">
      <dt>Type</dt>
      <dd>
        <code>{attributes.type}</code>
      </dd>
      {address("Provider", attributes.provider)}
      {address("Issuer", attributes.issuer)}
      {address("Tokens come by", attributes.grant_type)}
      <dt>For</dt>
      <dd>{placeInWords(relationships)}</dd>
      {address("Client id", credentials["client_id"])}
      {address("People consent at", credentials["auth_uri"])}
      {address("Codes are exchanged at", credentials["token_uri"])}
      {address("Renewed at", credentials["refresh_token_uri"])}
      {address("Public keys", jwksUri)}
      {address("Secret in use", attributes.secret_in_use)}
      {address("Id", id)}
    </dl>
  );
}

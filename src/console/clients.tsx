/** Auth clients: the list, and the page of one, on which it is changed, diagnosed and deleted. */

import { hereQuery, levelOf, levelsToMake, may, mayWithClient, placeInWords } from "./access.ts";
import { Diagnose, type Diagnosis } from "./diagnosis.tsx";
import { type AuthClient, Flavour, READS, Timing } from "./registration-fields.tsx";
import { DeleteForm, unconfirmed } from "./confirm.tsx";
import { Area, Copyable, documentOf, Faults, Form, PostForm, Text } from "./form.tsx";
import { Empty, Pages, show, Title } from "./frame.tsx";
import { baseOf, type Context, onTo, read, Refusal, send } from "./service.ts";

const ATTRIBUTES = "/data/attributes";
const CREDENTIALS = `${ATTRIBUTES}/credentials`;
const PAGE_SIZE = 50;

/** Shows the clients that can be used here. */
export async function clientsPage(c: Context): Promise<Response> {
  const base = baseOf(c);
  const page = `page[size]=${PAGE_SIZE}&page[number]=${Number(c.req.query("page")) || 1}`;
  const { data, meta } = await read<AuthClient[]>(c, `/v2/auth-clients?${page}&${hereQuery(c)}`);
  const mayMake = levelsToMake(c, "client").length > 0;
  const make = mayMake ? (
    <a class="button" href={`${base}/clients/new`}>
      New auth client
    </a>
  ) : undefined;
  return await show(c, {
    title: "Auth clients",
    tab: "clients",
    children: (
      <>
        <Title actions={data.length > 0 ? make : undefined}>Auth clients</Title>
        <p class="lede">
          An app’s registration at a provider: what everybody who connects an account with it has in common.
        </p>
        {data.length === 0 ? (
          <Empty title="There is none yet">
            <p>
              Register an app at a provider, for instance Salesforce or Google, and put its client id and secret here.
            </p>
            <div class="actions">{make}</div>
          </Empty>
        ) : (
          <>
            <div class="table">
              <table class="folds">
                <thead>
                  <tr>
                    <th>Name</th>
                    <th>Type</th>
                    <th>Provider</th>
                    <th>For</th>
                    {c.get("workspace") === null ? null : <th>Secrets</th>}
                  </tr>
                </thead>
                <tbody>
                  {data.map((client) => (
                    <Row c={c} client={client} />
                  ))}
                </tbody>
              </table>
            </div>
            <Pages meta={meta} path={`${base}/clients`} />
          </>
        )}
      </>
    ),
  });
}

function Row({ c, client: { id, attributes, relationships, meta } }: { c: Context; client: AuthClient }) {
  return (
    <tr>
      <td>
        <a href={`${baseOf(c)}/clients/${id}`}>{attributes.name}</a>
        {meta === undefined ? null : <span class="badge bad">Unreadable</span>}
      </td>
      <td data-label="Type">
        <code>{attributes.type}</code>
      </td>
      <td data-label="Provider">{attributes.provider ?? attributes.issuer ?? "—"}</td>
      <td data-label="For">{placeInWords(relationships)}</td>
      {c.get("workspace") === null ? null : (
        <td data-label="Secrets">
          {may(c, "workspaces.auth_secret.get") ? <a href={`${baseOf(c)}/secrets?client=${id}`}>Show</a> : ""}
        </td>
      )}
    </tr>
  );
}

/** Shows one client. */
export async function clientPage(c: Context): Promise<Response> {
  return await showClient(c, await clientOf(c), {});
}

/** Takes the form of its page. What was left empty stays as it is. */
export async function changeClient(c: Context): Promise<Response> {
  const sent = c.get("form");
  const client = await clientOf(c);
  const { document, faults } = documentOf(sent, READS);
  if (faults.length > 0) return await showClient(c, client, { changes: new Form(sent, faults) });
  const { data = {} } = document as { data?: object };
  try {
    await send(c, "PATCH", `/v2/auth-clients/${client.id}`, { data: { type: "auth-client", ...data } });
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
  const { document } = documentOf(sent, { [`${ATTRIBUTES}/fields`]: "pairs" });
  const { data } = document as { data?: object };
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
  return await show(c, {
    title: attributes.name,
    tab: "clients",
    status: sent.status ?? (sent.changes === undefined ? 200 : 400),
    children: (
      <>
        <Title
          trail={<a href={`${baseOf(c)}/clients`}>Auth clients</a>}
          actions={
            c.get("workspace") !== null && may(c, "workspaces.auth_secret.create") ? (
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
          <Diagnose c={c} path={path} diagnosis={sent.diagnosis} form={sent.diagnosing ?? new Form()} />
        ) : null}
        {mayEdit ? <Changes c={c} path={path} client={client} form={sent.changes ?? new Form()} /> : null}
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

function Changes({ c, path, client, form }: { c: Context; path: string; client: AuthClient; form: Form }) {
  const { attributes } = client;
  const isOAuth = attributes.type === "oauth2";
  const { flavour = {} } = attributes;
  return (
    <section class="stack">
      <h2>Change it</h2>
      <PostForm c={c} action={path}>
        <Faults form={form} />
        <Text form={form} name={`${ATTRIBUTES}/name`} label="Name" value={attributes.name} required />
        {isOAuth ? (
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
              name={`${CREDENTIALS}/next_client_secret`}
              label="Next client secret"
              hint="The provider’s new one, beside the old: whichever works is used."
              secret
            />
            <details open={form.faults.length > 0}>
              <summary>Advanced</summary>
              <div class="fields">
                <Timing form={form} client={client} />
                <Flavour
                  form={form}
                  value={Object.keys(flavour).length === 0 ? "" : JSON.stringify(flavour, null, 2)}
                />
              </div>
            </details>
          </>
        ) : (
          <Area
            form={form}
            name={CREDENTIALS}
            label="Shared settings"
            hint="As JSON. Left empty, they stay as they are; else all of them are replaced."
            mono
            secret
          />
        )}
        <button>Save</button>
      </PostForm>
    </section>
  );
}

/** One secret: how it is, what happened to it, and what can be done with it. Its credentials are on no page. */

import { hereQuery, may, seesClients } from "./access.ts";
import { RefreshChart, refreshesOfDay } from "./chart.tsx";
import type { AuthClient } from "./registration-fields.tsx";
import { beginConsent, ConsentButtons } from "./consent.tsx";
import { CredentialFields, providerOf, READS } from "./credential-fields.tsx";
import { DeleteForm, unconfirmed } from "./confirm.tsx";
import { documentOf } from "./form-document.ts";
import { Faults, Form, PostForm, Text } from "./form.tsx";
import { show, Title } from "./frame.tsx";
import { ConsentFields } from "./new-secret.tsx";
import { baseOf, type Context, onTo, read, readIfAny, Refusal, send } from "./service.ts";
import { State } from "./secret-state.tsx";
import type { HistoryEvent, Secret } from "./state.tsx";
import { Timeline } from "./timeline.tsx";

const ATTRIBUTES = "/data/attributes";

/** What was sent from the page and did not work. */
interface Sent {
  refreshing?: Form;
  consenting?: Form;
  changing?: Form;
  replacing?: Form;
  deleting?: Form;
  status?: number;
}

export async function secretPage(c: Context): Promise<Response> {
  return await showSecret(c, await secretOf(c), {});
}

/** Renews the token now. */
export async function refreshSecret(c: Context): Promise<Response> {
  return await attempt(c, "refreshing", async () => {
    await send(c, "POST", `${pathOf(c)}/refresh`, {});
    return onTo(c, pageOf(c), "refreshed");
  });
}

/** Lets a person consent anew. */
export async function authorize(c: Context): Promise<Response> {
  const { document } = documentOf(c.get("form"), READS);
  const { data } = document as { data?: { attributes?: object } };
  const { id, relationships } = await secretOf(c);
  return await attempt(c, "consenting", async () => {
    const attributes = { ...data?.attributes, ...(c.get("form").has("another") && { allow_account_change: true }) };
    const related = {
      auth_client: { data: relationships.auth_client.data },
      secret: { data: { id, type: "auth-secret" } },
    };
    return await beginConsent(c, { attributes, relationships: related }, c.get("form").get("consent") === "link");
  });
}

/** Changes the name, or replaces what it holds. */
export async function changeSecret(c: Context): Promise<Response> {
  const sent = c.get("form");
  const which = sent.has("replace") ? "replacing" : "changing";
  const { document, faults } = documentOf(sent, READS);
  if (faults.length > 0)
    return await showSecret(c, await secretOf(c), { [which]: new Form(sent, faults), status: 400 });
  const { data = {} } = document as { data?: object };
  return await attempt(c, which, async () => {
    await send(c, "PATCH", pathOf(c), { data: { type: "auth-secret", ...data } });
    return onTo(c, pageOf(c), "saved");
  });
}

/** Deletes it, if its name was typed. */
export async function deleteSecret(c: Context): Promise<Response> {
  const secret = await secretOf(c);
  const faults = unconfirmed(c.get("form"), secret.attributes.name);
  if (faults.length > 0) return await showSecret(c, secret, { deleting: new Form(c.get("form"), faults), status: 400 });
  return await attempt(c, "deleting", async () => {
    await send(c, "DELETE", pathOf(c));
    return onTo(c, `${baseOf(c)}/secrets`, "deleted");
  });
}

async function attempt(
  c: Context,
  which: Exclude<keyof Sent, "status">,
  act: () => Promise<Response>,
): Promise<Response> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return await showSecret(c, await secretOf(c), {
      [which]: new Form(c.get("form"), error.faults),
      status: error.status,
    });
  }
}

function pathOf(c: Context): string {
  return `/v2/workspaces/${c.get("workspace")}/secrets/${encodeURIComponent(c.req.param("id") ?? "")}`;
}

function pageOf(c: Context): string {
  return `${baseOf(c)}/secrets/${c.req.param("id")}`;
}

async function secretOf(c: Context): Promise<Secret> {
  return (await read<Secret>(c, pathOf(c))).data;
}

async function showSecret(c: Context, secret: Secret, sent: Sent): Promise<Response> {
  const clientId = secret.relationships.auth_client.data.id;
  const [history, client] = await Promise.all([
    readIfAny<HistoryEvent[]>(c, `${pathOf(c)}/history`),
    seesClients(c) ? readIfAny<AuthClient>(c, `/v2/auth-clients/${clientId}?${hereQuery(c)}`) : null,
  ]);
  const provider = client === null ? null : await providerOf(c, client.data);
  const { attributes } = secret;
  const isRenewed = attributes.type === "oauth2";
  const hasConsent = isRenewed && client?.data.attributes.grant_type === "authorization_code";
  const now = Date.now();
  return await show(c, {
    title: attributes.name,
    tab: "secrets",
    status: sent.status ?? 200,
    children: (
      <>
        <Title trail={<a href={`${baseOf(c)}/secrets`}>Secrets</a>}>{attributes.name}</Title>
        <Faults form={sent.refreshing ?? new Form()} />
        <div id="live" data-live class="stack">
          <State secret={secret} client={client?.data ?? null} base={baseOf(c)} now={now} />
        </div>
        {isRenewed && may(c, "workspaces.auth_secret.refresh") ? (
          <PostForm c={c} action={`${pageOf(c)}/refresh`} class="actions">
            <button>Refresh now</button>
          </PostForm>
        ) : null}
        {history === null ? null : (
          <section class="cards">
            <div class="card">
              <h2>What happened</h2>
              <Timeline events={history.data} now={now} />
              {may(c, "workspaces.events.get") ? (
                <p class="small">
                  <a href={`${baseOf(c)}/events?about=${secret.id}`}>Who read it, and all else</a>
                </p>
              ) : null}
            </div>
            {isRenewed ? <RefreshChart day={refreshesOfDay([history.data], now)} now={now} /> : null}
          </section>
        )}
        {may(c, "workspaces.auth_secret.edit") ? (
          <section class="stack">
            <h2>Change it</h2>
            {hasConsent ? <Consent c={c} secret={secret} form={sent.consenting ?? new Form()} /> : null}
            <Rename c={c} secret={secret} form={sent.changing ?? new Form()} />
            {client === null ? null : (
              <Replace c={c} client={client.data} provider={provider} form={sent.replacing ?? new Form()} />
            )}
          </section>
        ) : null}
        {may(c, "workspaces.auth_secret.delete") ? (
          <DeleteForm
            c={c}
            action={`${pageOf(c)}/delete`}
            what="secret"
            name={attributes.name}
            form={sent.deleting ?? new Form()}
          >
            <p>
              Its tokens are erased here and, where the provider lets us, taken back there. What uses it stops working.
            </p>
          </DeleteForm>
        ) : null}
      </>
    ),
  });
}

function Consent({ c, secret, form }: { c: Context; secret: Secret; form: Form }) {
  const isNeeded = secret.attributes.health?.status === "needs_reauthorization";
  return (
    <details open={isNeeded || form.faults.length > 0}>
      <summary>Connect the account again</summary>
      <PostForm c={c} action={`${pageOf(c)}/authorize`}>
        <Faults form={form} />
        <p>The person consents anew. The secret and its id stay, its token is replaced.</p>
        <ConsentFields form={form} {...(secret.attributes.scope != null && { scope: secret.attributes.scope })} />
        <label class="choice">
          <input type="checkbox" name="another" value="yes" />
          <span>It may be another account than before</span>
        </label>
        <ConsentButtons />
      </PostForm>
    </details>
  );
}

function Rename({ c, secret, form }: { c: Context; secret: Secret; form: Form }) {
  return (
    <details open={form.faults.length > 0}>
      <summary>Rename it</summary>
      <PostForm c={c} action={pageOf(c)}>
        <Faults form={form} />
        <Text form={form} name={`${ATTRIBUTES}/name`} label="Name" value={secret.attributes.name} required />
        <button>Save</button>
      </PostForm>
    </details>
  );
}

function Replace({
  c,
  client,
  provider,
  form,
}: {
  c: Context;
  client: AuthClient;
  provider: Awaited<ReturnType<typeof providerOf>>;
  form: Form;
}) {
  if (client.attributes.type === "noauth") return null;
  return (
    <details open={form.faults.length > 0}>
      <summary>Replace what it holds</summary>
      <PostForm c={c} action={pageOf(c)}>
        <input type="hidden" name="replace" value="yes" />
        <Faults form={form} />
        <p>All of it is replaced, as a new version.</p>
        <CredentialFields form={form} client={client} provider={provider} />
        <button>Replace</button>
      </PostForm>
    </details>
  );
}

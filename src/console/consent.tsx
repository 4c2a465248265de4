/** Consent from the console: on to the provider, a link for somebody else, and the way back. */

import { endingOf } from "../domain/endings.ts";
import { may, seesClients } from "./access.ts";
import { Copyable } from "./form.tsx";
import { show, Title } from "./frame.tsx";
import { baseOf, type Context, onTo, readIfAny, send } from "./service.ts";

interface Flow {
  id: string;
  attributes: { connect_url?: string; reason: string | null; expires_at: string };
}

interface Asked {
  attributes?: object;
  relationships?: { secret?: { data: { id: string } } };
}

/** Starts a flow, and leads this browser into it, or shows the link for another. @throws {Refusal} */
export async function beginConsent(c: Context, data: object, isForSomebodyElse: boolean): Promise<Response> {
  const { attributes, ...others } = data as Asked;
  const renews = others.relationships?.secret?.data.id;
  const query = renews === undefined ? "" : `?renews=${encodeURIComponent(renews)}`;
  const back = isForSomebodyElse ? {} : { return_url: `${c.env.publicUrl}${baseOf(c)}/authorized${query}` };
  const { data: flow } = await send<Flow>(c, "POST", `/v2/workspaces/${c.get("workspace")}/authorizations`, {
    data: { type: "authorization", ...others, attributes: { ...attributes, ...back } },
  });
  const url = flow.attributes.connect_url ?? "";
  if (!isForSomebodyElse) return c.redirect(url, 303);
  return await show(c, {
    title: "A link to send",
    tab: "secrets",
    status: 201,
    children: (
      <>
        <Title>A link to send</Title>
        <p>
          Whoever opens this link signs in at the provider and connects their account. It is good for ten minutes, and
          for one person.
        </p>
        <div class="form">
          <Copyable id="link" label="Link" value={url} />
        </div>
        {may(c, "workspaces.auth_secret.get") ? (
          <p>
            <a href={`${baseOf(c)}/secrets`}>To the secrets</a>
          </p>
        ) : null}
      </>
    ),
  });
}

/** Sends a form into a flow: with this browser, or as a link for another. */
export function ConsentButtons() {
  return (
    <div class="actions">
      <button name="consent" value="here">
        Authorize
      </button>
      <button name="consent" value="link" class="quiet">
        Make a link to send
      </button>
    </div>
  );
}

/** Where people come back to from the provider: on to the secret, or what went wrong. */
export async function authorizedPage(c: Context): Promise<Response> {
  const { secret_id: secret, error, authorization_id: flowId, renews } = c.req.query();
  const base = baseOf(c);
  if (secret !== undefined && error === undefined) {
    const isSeen = may(c, "workspaces.auth_secret.get");
    return onTo(c, isSeen ? `${base}/secrets/${encodeURIComponent(secret)}` : base, "connected");
  }
  const flow =
    flowId === undefined
      ? null
      : await readIfAny<Flow>(c, `/v2/workspaces/${c.get("workspace")}/authorizations/${encodeURIComponent(flowId)}`);
  const { outcome, ending } = endingOf(flow?.data.attributes.reason ?? error);
  return await show(c, {
    title: "Not connected",
    tab: "secrets",
    children: (
      <>
        <h1>The account was not connected</h1>
        <p>
          {ending.text} (<code>{outcome}</code>)
        </p>
        <p>When nobody can connect an account, look at the auth client and diagnose it.</p>
        <div class="actions">
          <a class="button" href={`${base}/secrets/${renews === undefined ? "new" : encodeURIComponent(renews)}`}>
            Try again
          </a>
          {seesClients(c) ? <a href={`${base}/clients`}>Auth clients</a> : null}
        </div>
      </>
    ),
  });
}

/** The page behind connect_url: what it says, that looking at it changes nothing, and what it says to those who come late. */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, inject, test } from "vitest";
import type { ActorRecord } from "../../src/secret-actor/record.ts";
import { actorOf, call, ConnectedClient, newBrowser, newWorkspace, ORIGIN } from "../support/api.ts";
import { travelTo } from "../support/clock.ts";
import { openConnectUrl, signInAndConsent } from "../support/user-agent.ts";

/** A flow, and the path of its link. */
async function newFlow(attributes: object = {}, client?: ConnectedClient) {
  const asking = client ?? (await ConnectedClient.create());
  const workspace = newWorkspace();
  const { body } = await asking.authorize(workspace, attributes);
  const { connect_url } = body.data.attributes;
  return { client: asking, workspace, flow: body.data, connectUrl: connect_url, path: new URL(connect_url).pathname };
}

/** What a page says, without its markup. */
function textOf(html: string): string {
  return html
    .replace(/^.*<main/s, "<main")
    .replace(/<[^>]*>/g, " ")
    .replaceAll("&#39;", "'")
    .replace(/\s+/g, " ");
}

describe("GET /connect/{token}", () => {
  test("says who asks, for what, for which account and workspace, and for how long", async () => {
    const { workspace, path } = await newFlow({ name: "Anna's CRM", scopes: ["openid", "read"] });
    const { status, body, headers } = await call("GET", path, undefined, { authorization: "" });
    expect([status, headers.get("cache-control"), headers.get("referrer-policy")]).toEqual([
      200,
      "no-store",
      "no-referrer",
    ]);
    const text = textOf(body);
    const { host } = new URL(inject("provider").authUri);
    for (const each of ["Test app asks for access", host, "Anna's CRM", workspace, "See which account it is openid"])
      expect(text).toContain(each);
    expect(text).toMatch(/ read .*another 10 minutes .*Continue to 127\.0\.0\.1/);
  });

  test("names the workspace by its registered name", async () => {
    const [tenant, contract, id] = ["t", "c", "w"].map((level) => `${level}-${crypto.randomUUID()}`);
    await create("tenant", { id: tenant, name: "T" });
    await create("contract", { id: contract, name: "C" }, ["tenant", tenant ?? ""]);
    await create("workspace", { id, name: "Sales & more" }, ["contract", contract ?? ""]);
    const client = await ConnectedClient.create();
    const { body } = await client.authorize(id ?? "");
    const { html } = await newBrowser().get(body.data.attributes.connect_url);
    expect(html).toContain("Sales &amp; more");
    expect(html).not.toContain(id);
  });

  test("shows nothing else of the client, and every text as text (SECURITY 6)", async () => {
    const marker = "<script>sentinel</script>";
    const client = await ConnectedClient.create({}, {}, { name: `App ${marker}` });
    const { path } = await newFlow(
      { name: `Account ${marker}`, additional_params: { prompt: "hidden-param" }, fields: { a: "hidden-field" } },
      client,
    );
    const { body } = await call("GET", path);
    expect(body).not.toContain(marker);
    expect(body.match(/&lt;script&gt;sentinel/g)).toHaveLength(2);
    for (const hidden of ["hidden-param", "hidden-field", client.id, client.clientId])
      expect(body).not.toContain(hidden);
  });

  test("opens nothing, however often it is looked at", async () => {
    const { flow, workspace, path } = await newFlow();
    for (let times = 0; times < 6; times++) {
      expect((await call("GET", path)).headers.get("set-cookie")).toBeNull();
    }
    expect(await openingsOf(workspace, flow.id)).toBe(0);
    await call("GET", `${path}/continue`);
    expect(await openingsOf(workspace, flow.id)).toBe(1);
  });

  test("says of a renewal that it is one", async () => {
    const client = await ConnectedClient.create();
    const workspace = newWorkspace();
    const id = (await client.connect(workspace)).split("/").at(-1);
    const { body } = await client.authorize(
      workspace,
      { name: undefined },
      { secret: { data: { id, type: "auth-secret" } } },
    );
    const { html } = await newBrowser().get(body.data.attributes.connect_url);
    expect(textOf(html)).toMatch(/Connect an account again .*My account/);
  });
});

describe("the way past the page", () => {
  test.each(["cross-site", "same-site", "none"])(
    "leads back to it for a browser that comes from elsewhere (%s) (SECURITY 1)",
    async (from) => {
      const { path } = await newFlow();
      const { status, headers } = await call("GET", `${path}/continue`, undefined, { "Sec-Fetch-Site": from });
      expect([status, headers.get("location"), headers.get("set-cookie")]).toEqual([303, path, null]);
      const { headers: after } = await call("GET", `${path}/continue`, undefined, { "Sec-Fetch-Site": "same-origin" });
      expect(after.get("location")).toContain("state=");
    },
  );
});

describe("a link", () => {
  test("that was used says so, and so does the way on", async () => {
    const { connectUrl, path } = await newFlow();
    await signInAndConsent(newBrowser(), connectUrl);
    const page = await call("GET", path);
    expect([page.status, textOf(page.body)]).toEqual([410, expect.stringContaining("Already used")]);
    expect(page.body).not.toContain("Continue to");
    expect((await call("GET", `${path}/continue`)).headers.get("location")).toBe(path);
  });

  test("whose flow has failed says that it has ended", async () => {
    const { connectUrl, path } = await newFlow();
    await signInAndConsent(newBrowser(), connectUrl, { abort: true });
    const page = await call("GET", path);
    expect([page.status, textOf(page.body)]).toEqual([410, expect.stringContaining("This sign-in has ended")]);
    expect(textOf(page.body)).not.toContain("Already used");
  });

  test("that is too old says so, with the way back and the request's id", async () => {
    const { flow, path } = await newFlow({ return_url: "https://app.example.com/done?tab=2" });
    travelTo(Date.parse(flow.attributes.expires_at) + 1000);
    const { status, headers, body } = await call("GET", path);
    expect([status, textOf(body)]).toEqual([410, expect.stringContaining("Too late")]);
    expect(body).toContain("Back to app.example.com");
    expect(body).toContain(
      `href="https://app.example.com/done?tab=2&amp;authorization_id=${flow.id}&amp;error=expired"`,
    );
    expect(body).toContain(headers.get("x-request-id"));
    expect((await call("GET", `${path}/continue`)).headers.get("location")).toBe(path);
  });

  test("whose fields name no host that the client may have leads nowhere, and says so", async () => {
    const created = await call("POST", "/v2/auth-clients", {
      data: {
        type: "auth-client",
        attributes: {
          type: "oauth2",
          name: "Shop",
          credentials: {
            client_id: "c",
            client_secret: "s",
            auth_uri: "https://{{fields.shop}}.example.com/auth",
            token_uri: "https://provider.example.com/token",
            refresh_token_uri: "https://provider.example.com/token",
          },
          flavour: { hosts: { "fields.shop": "[a-z]+" } },
        },
      },
    });
    const { id } = created.body.data;
    const relationships = { auth_client: { data: { id, type: "auth-client" } } };
    const attributes = { name: "x", scopes: [], fields: { shop: "acme" } };
    const document = { data: { type: "authorization", attributes, relationships } };
    const { body } = await call("POST", `/v2/workspaces/${newWorkspace()}/authorizations`, document);
    const { pathname } = new URL(body.data.attributes.connect_url);
    expect((await call("GET", pathname)).body).toContain("Continue to acme.example.com");

    const narrowed = { flavour: { hosts: { "fields.shop": "[0-9]+" } } };
    await call("PATCH", `/v2/auth-clients/${id}`, { data: { type: "auth-client", attributes: narrowed } });
    const page = await call("GET", pathname);
    expect([page.status, textOf(page.body)]).toEqual([400, expect.stringContaining("not set up")]);
    expect((await call("GET", `${pathname}/continue`)).headers.get("location")).toBe(pathname);
  });
});

describe("the page at the end", () => {
  test("of a flow that failed has the id of the request in which it did", async () => {
    const { client, connectUrl } = await newFlow();
    const browser = newBrowser();
    const { url } = await openConnectUrl(browser, connectUrl, { until: () => true });
    const state = new URL(url).searchParams.get("state");
    const back = `${client.redirectUri}?state=${state}&error=temporarily_unavailable&error_description=sentinel`;
    const page = await browser.get(back);
    const id = new URL(page.url).searchParams.get("request") ?? "";
    expect(id).toMatch(/^[\w-]{36}$/);
    expect(textOf(page.html)).toContain(`Wait a few minutes. Go back to where you came from and start again.`);
    expect(textOf(page.html)).toContain(`Reference: temporarily_unavailable · ${id}`);
    expect(page.html).not.toContain("sentinel");
  });

  test.each([
    ["access_denied", "Access was not granted"],
    ["account_selection_required", "sign in or to agree"],
    ["client_gone", "not there any more"],
    ["consent_required", "sign in or to agree"],
    ["http_503", "very busy"],
    ["interaction_required", "sign in or to agree"],
    ["invalid_grant", "too late"],
    ["invalid_request", "not set up"],
    ["invalid_scope", "access that the provider does not give"],
    ["login_required", "sign in or to agree"],
    ["provider_unreachable", "cannot be reached"],
    ["request_not_supported", "not set up"],
    ["server_error", "trouble of its own"],
    ["storage_unavailable", "our side"],
    ["temporarily_unavailable", "trouble of its own"],
    ["unauthorized_client", "did not accept this app"],
    ["unsupported_response_type", "not set up"],
  ])("says of %s what it means and what to do", async (outcome, words) => {
    const { body } = await call("GET", `/connect/ended?outcome=${outcome}&request=r-1`);
    expect(textOf(body)).toContain(words);
    expect(textOf(body)).toMatch(/start again|tell whoever sent you here/i);
    expect(textOf(body)).toContain(`Reference: ${outcome} · r-1`);
  });

  test("shows no words that somebody put into its address", async () => {
    const { body } = await call(
      "GET",
      `/connect/ended?outcome=expired&request=${encodeURIComponent("call 0800 <b>now")}`,
    );
    expect(body).not.toContain("0800");
    expect(textOf(body)).not.toContain("Reference");
  });
});

async function create(level: string, { id, name }: Record<string, string | undefined>, parent?: [string, string]) {
  const relationships = parent && { [parent[0]]: { data: { id: parent[1], type: parent[0] } } };
  const document = { data: { id, type: level, attributes: { name }, ...(relationships && { relationships }) } };
  const { status, body } = await call("POST", `/v2/${level}s`, document);
  expect([status, JSON.stringify(body)]).toEqual([201, expect.any(String)]);
}

async function openingsOf(workspace: string, id: string): Promise<number | undefined> {
  const find = env.DB.prepare("SELECT secret_id FROM authorizations WHERE id = ?").bind(id);
  const actor = actorOf(`${ORIGIN}/v2/workspaces/${workspace}/secrets/${await find.first<string>("secret_id")}`);
  const record = await runInDurableObject(actor, (_, { storage }) => storage.kv.get<ActorRecord>("record"));
  return record?.authorizations.find((flow) => flow.id === id)?.openings.length;
}

/** The consent flow, from connect_url to a stored secret, against a real OpenID provider; and everything that must not end in one. */

import {
  abortAllDurableObjects,
  listDurableObjectIds,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import type { ActorRecord } from "../../src/secret-actor/record.ts";
import { actorOf, ask, call, ConnectedClient, faults, newBrowser, newWorkspace, ORIGIN } from "../support/api.ts";
import { stopClock, travelTo } from "../support/clock.ts";
import { eventually } from "../support/eventually.ts";
import { openConnectUrl, signInAndConsent } from "../support/user-agent.ts";

const MINUTE = 60_000;

/** A flow that has been opened and consented to, stopped right before the callback. */
async function consentedFlow(attributes: object = {}) {
  const client = await ConnectedClient.create();
  const workspace = newWorkspace();
  const { body } = await client.authorize(workspace, attributes);
  const browser = newBrowser();
  const { url: callback } = await signInAndConsent(browser, body.data.attributes.connect_url, {
    until: (url) => url.href.startsWith(client.redirectUri),
  });
  return { client, workspace, browser, callback, flow: body.data };
}

/** Matches the address of the page for an outcome that support may be asked about. */
function endedWith(outcome: string): RegExp {
  return new RegExp(`/connect/ended\\?outcome=${outcome}&request=[\\w-]{36}$`);
}

async function stateOf(flow: { links: { self: string } }): Promise<string> {
  const { state, reason } = (await call("GET", flow.links.self)).body.data.attributes;
  return reason === null ? state : `${state}: ${reason}`;
}

describe("a consent flow", () => {
  test("ends in a secret whose alarm is set for one minute before expiry", async () => {
    stopClock();
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const { status, body } = await client.authorize(newWorkspace(), {
      additional_params: { prompt: "consent" },
      fields: { base_url: "https://example.com" },
    });
    expect(status).toBe(201);
    expect(body.data.attributes).toMatchObject({ state: "pending", reason: null });
    expect(Date.parse(body.data.attributes.expires_at)).toBe(Math.floor(Date.now() / 1000) * 1000 + 10 * MINUTE);

    const page = await signInAndConsent(newBrowser(), body.data.attributes.connect_url);
    expect([page.status, page.url]).toEqual([200, `${ORIGIN}/connect/ended?outcome=connected`]);
    expect(page.html).toContain("Connected");

    const { body: ended } = await call("GET", body.data.links.self);
    expect(ended.data.attributes).toMatchObject({ state: "completed", reason: null });
    expect(ended.data.attributes.connect_url).toBeUndefined();
    const path = ended.data.relationships.secret.links.self;
    const { attributes } = (await call("GET", path)).body.data;
    expect(attributes).toMatchObject({ name: "My account", type: "oauth2", state: "ready", error: null, version: 1 });
    expect(attributes.credentials).toMatchObject({
      token_type: "Bearer",
      scope: "openid offline_access",
      additional_params: '{"prompt":"consent"}',
      fields: { base_url: "https://example.com" },
      undefined_params: { id_token: expect.any(String) },
    });
    expect(attributes.credentials.expires_in).toBe(600);

    const alarm = await runInDurableObject(actorOf(path), (_, { storage }) => storage.getAlarm());
    const expiresAt = Date.parse(attributes.credentials.expires_at);
    expect(Math.floor((alarm ?? 0) / 1000)).toBe((expiresAt - MINUTE) / 1000);
    expect(attributes.health.next_refresh_at).toBe(new Date(expiresAt - MINUTE).toISOString().replace(".000", ""));
    expect((await client.calls()).token_requests).toHaveLength(1);
  });

  test("sends the person to the provider with state, PKCE S256 and the client's own redirect URI (SECURITY 2)", async () => {
    const client = await ConnectedClient.create();
    const { body } = await client.authorize(newWorkspace(), { additional_params: { prompt: "consent" } });
    const { connect_url } = body.data.attributes;
    const { url, redirects } = await openConnectUrl(newBrowser(), connect_url, { until: () => true });
    expect(redirects).toEqual([`${connect_url}/continue`]);
    const asked = Object.fromEntries(new URL(url).searchParams);
    expect(asked).toMatchObject({
      response_type: "code",
      redirect_uri: client.redirectUri,
      scope: "openid offline_access",
      prompt: "consent",
      code_challenge_method: "S256",
    });
    expect(asked.code_challenge).toMatch(/^[\w-]{43}$/);
    // 1. `state` is 256 random bits and says nothing.
    expect(asked.state).toMatch(/^[\w-]{43}$/);
  });

  test("spends the code with the redirect URI with which it was asked for (SECURITY 5)", async () => {
    const { client, browser, callback } = await consentedFlow();
    const sent = vi.spyOn(globalThis, "fetch");
    await browser.get(callback, { until: ({ pathname }) => pathname.startsWith("/connect/ended") });
    const bodies = await Promise.all(sent.mock.calls.map(async (what) => await new Request(...what).text()));
    const forms = bodies.map((body) => new URLSearchParams(body));
    const exchanges = forms.filter((form) => form.get("grant_type") === "authorization_code");
    expect(exchanges.map((form) => form.getAll("redirect_uri"))).toEqual([[client.redirectUri]]);
  });

  test("ends at the return_url, with the secret's id", async () => {
    const { browser, callback, flow } = await consentedFlow({ return_url: "https://app.example.com/done?tab=2" });
    const { url } = await browser.get(callback, { until: ({ hostname }) => hostname === "app.example.com" });
    const { relationships } = (await call("GET", flow.links.self)).body.data;
    expect(Object.fromEntries(new URL(url).searchParams)).toEqual({
      tab: "2",
      authorization_id: flow.id,
      secret_id: relationships.secret.data.id,
    });
  });

  test("takes an answer that the provider posts", async () => {
    const { client, browser, callback, flow } = await consentedFlow();
    const { search } = new URL(callback);
    const posted = await call("POST", new URL(callback).pathname, search.slice(1), {
      "content-type": "application/x-www-form-urlencoded",
    });
    expect(posted.status).toBe(303);
    await browser.get(new URL(posted.headers.get("location") ?? "", ORIGIN));
    expect(await stateOf(flow)).toBe("completed");
    expect((await client.calls()).token_requests).toHaveLength(1);
  });

  test("can be opened again, by a link preview for instance, and still ends in the person's browser", async () => {
    const client = await ConnectedClient.create();
    const { body } = await client.authorize(newWorkspace());
    const { connect_url } = body.data.attributes;
    await openConnectUrl(newBrowser(), connect_url, { until: () => true });
    await signInAndConsent(newBrowser(), connect_url);
    expect(await stateOf(body.data)).toBe("completed");
  });
});

describe("an answer that is not the flow's own is refused without a token call (SECURITY 3)", () => {
  test("a second callback", async () => {
    const { client, browser, callback } = await consentedFlow();
    await browser.get(callback);
    const again = await browser.get(callback);
    expect(again.url).toMatch(endedWith("other_browser"));
    expect((await client.calls()).token_requests).toHaveLength(1);
  });

  test("a second callback with the cookie still there", async () => {
    const { client, browser, callback } = await consentedFlow();
    const cookie = browser.cookies.headerFor(new URL(callback), { initiator: undefined, method: "GET" });
    await browser.get(callback);
    const { pathname, search } = new URL(callback);
    const again = await call("GET", pathname + search, undefined, { cookie });
    expect(again.headers.get("location")).toMatch(endedWith("ended"));
    expect((await client.calls()).token_requests).toHaveLength(1);
  });

  test("two callbacks at once", async () => {
    const { client, browser, callback, flow } = await consentedFlow();
    const cookie = browser.cookies.headerFor(new URL(callback), { initiator: undefined, method: "GET" });
    const { pathname, search } = new URL(callback);
    await Promise.all([1, 2, 3].map(() => call("GET", pathname + search, undefined, { cookie })));
    expect((await client.calls()).token_requests).toHaveLength(1);
    expect(await stateOf(flow)).toBe("completed");
  });

  test("another browser's callback, which leaves the flow as it was", async () => {
    const { client, browser, callback, flow } = await consentedFlow();
    const stranger = await newBrowser().get(callback);
    expect(stranger.status).toBe(400);
    expect(stranger.html).toContain("Not this browser");
    expect((await client.calls()).token_requests).toHaveLength(0);
    await browser.get(callback);
    expect(await stateOf(flow)).toBe("completed");
  });

  test("a cookie that somebody made who knows the state and the flow, but not what was in the browser (SECURITY 1, 3)", async () => {
    const { client, browser, callback, flow } = await consentedFlow();
    const cookie = browser.cookies.headerFor(new URL(callback), { initiator: undefined, method: "GET" });
    const last = cookie.at(-1) === "A" ? "B" : "A";
    const { pathname, search } = new URL(callback);
    const forged = await call("GET", pathname + search, undefined, { cookie: cookie.slice(0, -1) + last });
    expect(forged.headers.get("location")).toMatch(endedWith("ended"));
    expect((await client.calls()).token_requests).toHaveLength(0);
    await browser.get(callback);
    expect(await stateOf(flow)).toBe("completed");
  });

  test("a callback with the cookie of another flow", async () => {
    const one = await consentedFlow();
    const other = await consentedFlow();
    const [, name] =
      /^(connect-[^=]+)=/.exec(
        one.browser.cookies.headerFor(new URL(one.callback), { initiator: undefined, method: "GET" }),
      ) ?? [];
    const [, value] =
      /=(.*)$/.exec(
        other.browser.cookies.headerFor(new URL(other.callback), { initiator: undefined, method: "GET" }),
      ) ?? [];
    const { pathname, search } = new URL(one.callback);
    const mixed = await call("GET", pathname + search, undefined, { cookie: `${name}=${value}` });
    expect(mixed.headers.get("location")).toMatch(endedWith("ended"));
    expect((await one.client.calls()).token_requests).toHaveLength(0);
    expect((await other.client.calls()).token_requests).toHaveLength(0);
  });

  test("a callback at another client's redirect URI (mix-up)", async () => {
    const { client, browser, callback, flow } = await consentedFlow();
    const other = await ConnectedClient.create();
    const { search } = new URL(callback);
    await browser.get(other.redirectUri + search);
    expect((await client.calls()).token_requests).toHaveLength(0);
    expect((await other.calls()).token_requests).toHaveLength(0);
    expect(await stateOf(flow)).toBe("pending");
  });

  test.each([
    ["code=twice", "failed: unreadable_answer"],
    ["error=access_denied", "failed: access_denied"],
    ["error=once&error=twice", "failed: unreadable_answer"],
    ["iss=once&iss=twice", "failed: unreadable_answer"],
    ["state=twice", "pending"],
  ])("one with %s besides", async (parameter, state) => {
    const { client, browser, callback, flow } = await consentedFlow();
    expect((await browser.get(`${callback}&${parameter}`)).status).toBeLessThan(500);
    expect((await client.calls()).token_requests).toHaveLength(0);
    expect(await stateOf(flow)).toBe(state);
  });

  test("one without a code", async () => {
    const { client, browser, callback, flow } = await consentedFlow();
    await browser.get(callback.replace(/([?&])code=[^&]*/, "$1"));
    expect((await client.calls()).token_requests).toHaveLength(0);
    expect(await stateOf(flow)).toBe("failed: unreadable_answer");
  });

  test("an answer after ten minutes", async () => {
    const { client, browser, callback, flow } = await consentedFlow();
    travelTo(Date.parse(flow.attributes.expires_at) + 1000);
    const page = await browser.get(callback);
    expect(page.html).toContain("Too late");
    expect(await stateOf(flow)).toBe("failed: expired");
    expect((await client.calls()).token_requests).toHaveLength(0);
  });
});

describe("a flow that fails", () => {
  test("at the provider says so, and makes no secret", async () => {
    const client = await ConnectedClient.create();
    const workspace = newWorkspace();
    const { body } = await client.authorize(workspace);
    const page = await signInAndConsent(newBrowser(), body.data.attributes.connect_url, { abort: true });
    expect(page.html).toContain("Access was not granted");
    expect(await stateOf(body.data)).toBe("failed: access_denied");
    expect((await client.calls()).token_requests).toHaveLength(0);
    expect(await secretsIn(workspace)).toBe(0);
  });

  test("at the token endpoint says so, and its code is sent once", async () => {
    const { client, workspace, browser, callback, flow } = await consentedFlow();
    await client.fault({ status: 401, body: '{"error":"invalid_client","error_description":"sentinel words"}' });
    const page = await browser.get(callback);
    expect(page.html).toContain("did not accept this app");
    expect(page.html).not.toContain("sentinel");
    expect(await stateOf(flow)).toBe("failed: invalid_client");
    expect((await client.calls()).token_requests).toHaveLength(1);
    expect(await secretsIn(workspace)).toBe(0);
  });

  test("because its client was deleted meanwhile leaves no secret", async () => {
    const { client, workspace, browser, callback, flow } = await consentedFlow();
    const find = env.DB.prepare("SELECT secret_id FROM authorizations WHERE id = ?").bind(flow.id);
    const actor = actorOf(`/v2/workspaces/${workspace}/secrets/${await find.first<string>("secret_id")}`);
    await client.hold();
    const ending = browser.get(callback);
    await eventually(async () => expect((await client.calls()).token_requests).toHaveLength(1));
    expect((await call("DELETE", `/v2/auth-clients/${client.id}`)).status).toBe(204);
    // What ends the flow goes on behind that answer.
    await eventually(() =>
      runInDurableObject(actor, (_, { storage }) => expect(storage.kv.get("record")).toBeUndefined()),
    );
    await client.release();
    expect((await ending).html).toContain("has ended");
    expect(await secretsIn(workspace)).toBe(0);
  });

  test("by an answer that cannot be used ends all the same, on a page", async () => {
    const { client, browser, callback, flow } = await consentedFlow();
    await client.fault({ body: '{"access_token":"a\\u0000b"}' });
    const page = await browser.get(callback);
    expect([page.status, page.url.includes("code=")]).toEqual([400, false]);
    expect(await stateOf(flow)).toBe("failed: unreadable_answer");
  });

  test("takes the reason to the return_url", async () => {
    const client = await ConnectedClient.create();
    const { body } = await client.authorize(newWorkspace(), { return_url: "https://app.example.com/done" });
    const page = await signInAndConsent(newBrowser(), body.data.attributes.connect_url, {
      abort: true,
      until: ({ hostname }) => hostname === "app.example.com",
    });
    expect(new URL(page.url).searchParams.get("error")).toBe("access_denied");
    expect(new URL(page.url).searchParams.has("secret_id")).toBe(false);
  });

  test("is forgotten after a day, with its actor", async () => {
    const client = await ConnectedClient.create();
    const { body } = await client.authorize(newWorkspace());
    const objects = await listDurableObjectIds(env.SECRETS);
    const stubs = objects.map((id) => env.SECRETS.get(id));
    travelTo(Date.parse(body.data.attributes.expires_at) + 1000);
    await Promise.all(stubs.map((stub) => runDurableObjectAlarm(stub)));
    expect(await stateOf(body.data)).toBe("failed: expired");
    travelTo(Date.parse(body.data.attributes.expires_at) + 24 * 60 * MINUTE + 1000);
    await Promise.all(stubs.map((stub) => runDurableObjectAlarm(stub)));
    expect((await call("GET", body.data.links.self)).status).toBe(404);
  });
});

describe("renewing consent", () => {
  test("heals a grant that cannot be opened any more", async () => {
    const client = await ConnectedClient.create();
    const workspace = newWorkspace();
    const path = await client.connect(workspace);
    await runInDurableObject(actorOf(path), (_, { storage }) => {
      const record = storage.kv.get<ActorRecord>("record");
      storage.kv.put("record", { ...record, grant: "not.sealed.by.any.key" });
    });
    await abortAllDurableObjects();
    expect((await call("GET", `${path}/token`)).body.errors[0].code).toBe("storage_integrity");

    const secret = { secret: { data: { id: path.split("/").at(-1), type: "auth-secret" } } };
    const { body } = await client.authorize(workspace, {}, secret);
    await signInAndConsent(newBrowser(), body.data.attributes.connect_url);
    expect((await call("GET", `${path}/token`)).body).toMatchObject({ version: 2, health: "ok" });
  });

  test("keeps ten flows, and starts no other while all of them are open", async () => {
    const client = await ConnectedClient.create();
    const workspace = newWorkspace();
    const path = await client.connect(workspace);
    const secret = { secret: { data: { id: path.split("/").at(-1), type: "auth-secret" } } };
    const [first, ...others] = await Promise.all(
      Array.from({ length: 10 }, () => client.authorize(workspace, {}, secret)),
    );
    expect(others.map(({ status }) => status)).toEqual(Array(9).fill(201));
    expect((await client.authorize(workspace, {}, secret)).status).toBe(409);
    await signInAndConsent(newBrowser(), first?.body.data.attributes.connect_url);
    expect((await client.authorize(workspace, {}, secret)).status).toBe(201);
  });

  test("by somebody else fails and keeps the grant, unless it was allowed (SECURITY 8)", async () => {
    const client = await ConnectedClient.create();
    const workspace = newWorkspace();
    const path = await client.connect(workspace);
    const secret = { secret: { data: { id: path.split("/").at(-1), type: "auth-secret" } } };
    const before = (await call("GET", `${path}/token`)).body.access_token;

    const refused = await client.authorize(workspace, {}, secret);
    const page = await signInAndConsent(newBrowser(), refused.body.data.attributes.connect_url, { login: "stranger" });
    expect(page.html).toContain("Another account");
    expect((await call("GET", `${path}/token`)).body).toMatchObject({ access_token: before, version: 1 });

    const allowed = await client.authorize(workspace, { allow_account_change: true }, secret);
    await signInAndConsent(newBrowser(), allowed.body.data.attributes.connect_url, { login: "stranger" });
    expect((await call("GET", `${path}/token`)).body.version).toBe(2);
  });

  test("of a secret that is not there, or not this client's, is refused", async () => {
    const client = await ConnectedClient.create();
    const workspace = newWorkspace();
    const missing = await client.authorize(
      workspace,
      {},
      { secret: { data: { id: crypto.randomUUID(), type: "auth-secret" } } },
    );
    expect(missing.status).toBe(404);
    const path = await (await ConnectedClient.create()).connect(workspace);
    const foreign = { secret: { data: { id: path.split("/").at(-1), type: "auth-secret" } } };
    expect((await client.authorize(workspace, {}, foreign)).status).toBe(409);
  });
});

describe("the pages", () => {
  test("leave the code's URL behind and let nothing in (SECURITY 6)", async () => {
    const { browser, callback } = await consentedFlow();
    const page = await browser.get(callback);
    expect(page.redirects).toEqual([callback]);
    expect(page.url).not.toContain("code=");
    expect(page.headers.get("referrer-policy")).toBe("no-referrer");
    expect(page.headers.get("cache-control")).toBe("no-store");
    expect(page.headers.get("content-security-policy")).toMatch(
      /default-src 'none'; style-src 'self'; script-src 'self'/,
    );
  });

  test("answer an unknown link", async () => {
    const page = await newBrowser().get(`${ORIGIN}/connect/unknown`);
    expect([page.status, page.url]).toEqual([404, expect.stringMatching(endedWith("unknown_link"))]);
  });

  test("show only words of their own (SECURITY 27)", async () => {
    for (const outcome of ["<script>", "__proto__", "constructor"]) {
      const { status, body } = await call("GET", `/connect/ended?outcome=${encodeURIComponent(outcome)}`);
      expect(status).toBe(400);
      expect(body).toContain("could not be connected");
      expect(body).not.toContain(outcome);
    }
  });

  test("open nothing for whoever only looks whether they are there", async () => {
    const client = await ConnectedClient.create();
    const { body } = await client.authorize(newWorkspace());
    const { pathname } = new URL(body.data.attributes.connect_url);
    for (const path of [pathname, `${pathname}/continue`]) {
      const looked = await call("HEAD", path);
      expect([looked.status, looked.headers.get("set-cookie")]).toEqual([200, null]);
    }
  });

  test("bind over https with a __Host- cookie (SECURITY 1)", async () => {
    const client = await ConnectedClient.create();
    const { body } = await client.authorize(newWorkspace());
    const opened = await ask(
      new Request(`https://secrets.example.com${new URL(body.data.attributes.connect_url).pathname}/continue`, {
        redirect: "manual",
      }),
      { PUBLIC_URL: "https://secrets.example.com", ALLOW_LOOPBACK: "" },
    );
    expect(opened.headers.get("set-cookie")).toMatch(
      /^__Host-connect-[0-9a-f]{16}=[^;]+; Max-Age=900; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    expect(new URL(opened.headers.get("location") ?? "").searchParams.get("redirect_uri")).toBe(
      `https://secrets.example.com/callback/oauth2/${client.id}`,
    );
  });

  test("bind with a cookie that scripts cannot read (SECURITY 1)", async () => {
    const client = await ConnectedClient.create();
    const { body } = await client.authorize(newWorkspace());
    const opened = await call("GET", `${new URL(body.data.attributes.connect_url).pathname}/continue`);
    expect(opened.headers.get("set-cookie")).toMatch(
      /^connect-[0-9a-f]{16}=[^;]+; Max-Age=900; Path=\/; HttpOnly; SameSite=Lax$/,
    );
  });
});

describe("POST …/authorizations", () => {
  test("reports every problem at once and starts nothing", async () => {
    const workspace = newWorkspace();
    const answer = await call("POST", `/v2/workspaces/${workspace}/authorizations`, {
      data: {
        type: "authorization",
        attributes: {
          scopes: ["a b", 5],
          additional_params: { state: "mine" },
          return_url: "javascript:alert(1)",
          colour: 1,
        },
        relationships: { auth_client: { data: { id: "x", type: "client" } } },
      },
    });
    expect(answer.status).toBe(400);
    expect(faults(answer).toSorted()).toEqual([
      "invalid_document /data/attributes/additional_params/state",
      "invalid_document /data/attributes/colour",
      "invalid_document /data/attributes/name",
      "invalid_document /data/attributes/return_url",
      "invalid_document /data/attributes/scopes/0",
      "invalid_document /data/attributes/scopes/1",
      "invalid_document /data/relationships/auth_client/data/type",
    ]);
  });

  test.each([
    "https://evil.example.com/",
    "https://me:pw@app.example.com/",
    `${ORIGIN}/connect/abc/continue`,
    `${ORIGIN}/consoles`,
    `${ORIGIN}/`,
  ])("sends nobody to %s (SECURITY 5)", async (return_url) => {
    const client = await ConnectedClient.create();
    const answer = await client.authorize(newWorkspace(), { return_url });
    expect([answer.status, faults(answer)]).toEqual([400, ["invalid_document /data/attributes/return_url"]]);
  });

  test("needs a client that the workspace may use", async () => {
    const answer = await call("POST", `/v2/workspaces/${newWorkspace()}/authorizations`, {
      data: {
        type: "authorization",
        attributes: { name: "x" },
        relationships: { auth_client: { data: { id: crypto.randomUUID(), type: "auth-client" } } },
      },
    });
    expect([answer.status, faults(answer)]).toEqual([404, ["not_found /data/relationships/auth_client/data/id"]]);
  });
});

async function secretsIn(workspace: string): Promise<number> {
  const count = env.DB.prepare("SELECT count(*) AS secrets FROM secrets WHERE workspace_id = ?").bind(workspace);
  return (await count.first<number>("secrets")) ?? 0;
}

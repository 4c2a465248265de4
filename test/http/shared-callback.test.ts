/** The callback that clients share, where a provider allows but one redirect URI: it completes their flows, and nobody else's. */

import { describe, expect, test } from "vitest";
import { call, ConnectedClient, newBrowser, newWorkspace, ORIGIN } from "../support/api.ts";
import { newKey } from "../support/keys.ts";
import { signInAndConsent } from "../support/user-agent.ts";

const SHARED = `${ORIGIN}/callback/oauth2`;

async function setFlavour(client: ConnectedClient, flavour: object) {
  const change = { data: { type: "auth-client", attributes: { flavour } } };
  const { status, body } = await call("PATCH", `/v2/auth-clients/${client.id}`, change);
  expect(status).toBe(200);
  return body.data.attributes.redirect_uri as string;
}

async function sharingClient(): Promise<ConnectedClient> {
  const client = await ConnectedClient.create();
  expect(await setFlavour(client, { shared_callback: true })).toBe(SHARED);
  await client.change({ redirect_uris: [SHARED] });
  return client;
}

/** A flow that was consented to, stopped right before the callback. */
async function consentedFlow(client: ConnectedClient) {
  const { body } = await client.authorize(newWorkspace());
  const browser = newBrowser();
  const { url: callback } = await signInAndConsent(browser, body.data.attributes.connect_url, {
    until: ({ href }) => href.startsWith(SHARED),
  });
  return { client, browser, callback, flow: body.data };
}

async function stateOf(flow: { links: { self: string } }): Promise<string> {
  return (await call("GET", flow.links.self)).body.data.attributes.state;
}

/** How many token requests there were, and how the flow stands. */
async function whatCameOf({ client, flow }: { client: ConnectedClient; flow: { links: { self: string } } }) {
  return [(await client.calls()).token_requests.length, await stateOf(flow)];
}

const UNTOUCHED = [0, "pending"];

describe("a client with a shared callback", () => {
  test("sends people there, exchanges the code with that redirect URI, and renews like every other", async () => {
    const client = await sharingClient();
    const { body } = await client.authorize(newWorkspace());
    const page = await signInAndConsent(newBrowser(), body.data.attributes.connect_url);
    expect([page.html.includes("Connected"), page.redirects.some((url) => url.startsWith(`${SHARED}?`))]).toEqual([
      true,
      true,
    ]);
    const { body: ended } = await call("GET", body.data.links.self);
    const secret = ended.data.relationships.secret.links.self;
    // The provider holds the redirect URI of the exchange against that of the authorization request (RFC 6749 4.1.3).
    expect((await call("POST", `${secret}/refresh`)).body.data.attributes.version).toBe(2);
    expect((await client.calls()).token_requests).toHaveLength(2);
  });

  test("shows it to whoever may see the client, with its credentials or without", async () => {
    const client = await sharingClient();
    const { headers } = await newKey(["workspaces.auth_clients.get"], { level: "workspace", id: newWorkspace() });
    const { body: one } = await call("GET", `/v2/auth-clients/${client.id}`, undefined, headers);
    expect(one.data.attributes).toMatchObject({ redirect_uri: SHARED });
    expect(one.data.attributes).not.toHaveProperty("flavour");
    const { body: list } = await call("GET", "/v2/auth-clients", undefined, headers);
    const listed = list.data.find(({ id }: { id: string }) => id === client.id);
    expect(listed.attributes).toEqual(one.data.attributes);
  });

  test("of two, each gets its own code", async () => {
    const flows = await Promise.all([sharingClient().then(consentedFlow), sharingClient().then(consentedFlow)]);
    await Promise.all(flows.map(({ browser, callback }) => browser.get(callback)));
    for (const { client, flow } of flows) {
      expect(await stateOf(flow)).toBe("completed");
      expect((await client.calls()).token_requests).toHaveLength(1);
    }
  });
});

describe("nothing but the flow's own answer, where it was asked for, is taken (SECURITY 3)", () => {
  test("not at the client's own callback, when it shares one", async () => {
    const consented = await consentedFlow(await sharingClient());
    const { client, browser, callback } = consented;
    const { search } = new URL(callback);
    await browser.get(`${client.redirectUri}${search}`);
    expect(await whatCameOf(consented)).toEqual(UNTOUCHED);
    await browser.get(callback);
    expect(await stateOf(consented.flow)).toBe("completed");
  });

  test("not at the shared one, when the client has its own", async () => {
    const consented = await consentedFlow(await ConnectedClient.create());
    const { browser, callback } = consented;
    await browser.get(`${SHARED}${new URL(callback).search}`);
    expect(await whatCameOf(consented)).toEqual(UNTOUCHED);
    await browser.get(callback);
    expect(await stateOf(consented.flow)).toBe("completed");
  });

  test("not elsewhere than where it was opened, though the client was changed meanwhile", async () => {
    const consented = await consentedFlow(await ConnectedClient.create());
    const { client, browser, callback } = consented;
    await setFlavour(client, { shared_callback: true });
    await browser.get(`${SHARED}${new URL(callback).search}`);
    expect(await whatCameOf(consented)).toEqual(UNTOUCHED);
    await browser.get(callback);
    expect(await stateOf(consented.flow)).toBe("completed");
  });

  test("not from another browser", async () => {
    const consented = await consentedFlow(await sharingClient());
    const stranger = await newBrowser().get(consented.callback);
    expect(stranger.html).toContain("Not this browser");
    expect(await whatCameOf(consented)).toEqual(UNTOUCHED);
  });

  test("not with the cookie of another flow", async () => {
    const [one, other] = [await consentedFlow(await sharingClient()), await consentedFlow(await sharingClient())];
    const cookieOf = ({ browser, callback }: typeof one) =>
      browser.cookies.headerFor(new URL(callback), { initiator: undefined, method: "GET" });
    const [name] = cookieOf(one).split("=");
    const cookie = `${name}=${cookieOf(other).split("=")[1]}`;
    const { pathname, search } = new URL(one.callback);
    await call("GET", pathname + search, undefined, { cookie });
    expect(await whatCameOf(one)).toEqual(UNTOUCHED);
    expect(await whatCameOf(other)).toEqual(UNTOUCHED);
  });

  test.each(["state=forged", "state="])("not with another state: %s", async (state) => {
    const consented = await consentedFlow(await sharingClient());
    await consented.browser.get(consented.callback.replace(/state=[^&]*/, state));
    expect(await whatCameOf(consented)).toEqual(UNTOUCHED);
  });

  test("not twice", async () => {
    const { client, browser, callback } = await consentedFlow(await sharingClient());
    const cookie = browser.cookies.headerFor(new URL(callback), { initiator: undefined, method: "GET" });
    const { pathname, search } = new URL(callback);
    await Promise.all([1, 2, 3].map(() => call("GET", pathname + search, undefined, { cookie })));
    expect((await client.calls()).token_requests).toHaveLength(1);
  });
});

test("an answer that is posted to the shared callback goes round by GET", async () => {
  const { client, browser, callback, flow } = await consentedFlow(await sharingClient());
  const { pathname, search } = new URL(callback);
  const posted = await call("POST", pathname, search.slice(1), { "content-type": "application/x-www-form-urlencoded" });
  expect(posted.headers.get("location")).toBe(pathname + search);
  await browser.get(new URL(posted.headers.get("location") ?? "", ORIGIN));
  expect(await stateOf(flow)).toBe("completed");
  expect((await client.calls()).token_requests).toHaveLength(1);
});

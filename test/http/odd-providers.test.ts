/** Odd providers from end to end: what a client's flavour or preset says, through consent, token and refresh, against a server that plays them. */

import { describe, expect, test } from "vitest";
import { call, faults, newBrowser, newWorkspace } from "../support/api.ts";
import { ScriptedProvider } from "../support/scripted-provider.ts";
import type { Heard } from "../support/scripted-server-contract.ts";
import { openConnectUrl } from "../support/user-agent.ts";

const CREDENTIALS = { client_id: "the-client", client_secret: "the-secret" };

/** An auth client of an odd provider. `uris` are those of the provider, as if it were elsewhere. */
async function oddClient(attributes: object, uris: Record<string, string>) {
  const provider = new ScriptedProvider();
  const placed = Object.fromEntries(Object.entries(uris).map(([name, uri]) => [name, provider.at(uri)]));
  const created = await call("POST", "/v2/auth-clients", {
    data: {
      type: "auth-client",
      attributes: { type: "oauth2", name: "Odd", credentials: { ...CREDENTIALS, ...placed }, ...attributes },
    },
  });
  expect(created.body.errors).toBeUndefined();
  return { provider, id: created.body.data.id as string, redirectUri: created.body.data.attributes.redirect_uri };
}

async function authorize(client: string, attributes: object = {}) {
  const workspace = newWorkspace();
  return await call("POST", `/v2/workspaces/${workspace}/authorizations`, {
    data: {
      type: "authorization",
      attributes: { name: "x", ...attributes },
      relationships: { auth_client: { data: { id: client, type: "auth-client" } } },
    },
  });
}

/** Walks a consent flow; `answer` is the query of the callback besides `state`. Gives where the person was sent, and the secret. */
async function consent(
  client: { id: string; redirectUri: string },
  attributes: object,
  answer: Record<string, string>,
) {
  const { body } = await authorize(client.id, attributes);
  const browser = newBrowser();
  const { url } = await openConnectUrl(browser, body.data.attributes.connect_url, { until: () => true });
  const asked = new URL(url);
  const state = asked.searchParams.get("state") ?? "";
  await browser.get(`${client.redirectUri}?${new URLSearchParams({ ...answer, state }).toString()}`);
  const ended = (await call("GET", body.data.links.self)).body.data;
  return { asked, ended, path: ended.relationships?.secret?.links.self as string };
}

function answering(body: object) {
  return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

function paramsOf({ body }: Heard): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(body));
}

describe("a provider with names and places of its own", () => {
  const flavour = {
    param_names: { client_id: "client_key" },
    scope_separator: ",",
    default_scopes: ["offline"],
    code_param: "auth_code",
    callback_extra: ["location"],
    pkce: "off",
    response_root: "data",
    success: { path: "code", equals: 0 },
    refresh_params: { action: "renew" },
    hosts: {
      "fields.shop": "[a-z0-9-]+",
      "callback.location": { values: { eu: "eu", us: "com" }, default: "com" },
    },
  };
  const uris = {
    auth_uri: "https://{{fields.shop}}.example.com/authorize",
    token_uri: "https://accounts.example.{{callback.location}}/token",
    refresh_token_uri: "https://accounts.example.{{callback.location}}/refresh?keep=1",
  };
  const tokens = { access_token: "a1", refresh_token: "r1", expires_in: 3600, user: 7 };

  test("is spoken to as it wants, from consent to refresh", async () => {
    const client = await oddClient({ flavour }, uris);
    await client.provider.play(answering({ code: 0, data: tokens }));
    const { asked, ended, path } = await consent(
      client,
      { scopes: ["read"], fields: { shop: "acme" } },
      { auth_code: "c1", location: "eu" },
    );
    expect(asked.pathname).toMatch(/\/acme\.example\.com\/authorize$/);
    const { state: _, ...params } = Object.fromEntries(asked.searchParams);
    expect(params).toEqual({
      response_type: "code",
      client_key: CREDENTIALS.client_id,
      redirect_uri: client.redirectUri,
      scope: "read,offline",
    });
    expect(ended.attributes.state).toBe("completed");

    const [exchange] = await client.provider.heard();
    expect(exchange?.url).toBe("https://accounts.example.eu/token");
    expect(paramsOf(exchange as Heard)).toEqual({
      grant_type: "authorization_code",
      code: "c1",
      redirect_uri: client.redirectUri,
      client_key: CREDENTIALS.client_id,
      client_secret: CREDENTIALS.client_secret,
    });
    expect((await call("GET", path)).body.data.attributes.credentials.undefined_params).toEqual({
      code: 0,
      user: 7,
      data: { user: 7 },
      callback: { location: "eu" },
    });

    await client.provider.play(
      answering({ code: 0, data: { ...tokens, access_token: "a2" }, callback: { location: "us" } }),
    );
    for (const version of [2, 3]) {
      expect(
        (await call("POST", `${path}/refresh?rejected_version=${version - 1}`)).body.data.attributes,
      ).toMatchObject({
        version,
        credentials: { access_token: "a2", undefined_params: { callback: { location: "eu" } } },
      });
    }
    const refreshes = await client.provider.heard();
    expect(refreshes.map(({ url }) => url)).toEqual(Array(2).fill("https://accounts.example.eu/refresh?keep=1"));
    expect(paramsOf(refreshes[0] as Heard)).toMatchObject({ refresh_token: "r1", action: "renew" });
  });

  test("gets no host that its client does not allow, whoever says it", async () => {
    const client = await oddClient({ flavour }, uris);
    for (const fields of [undefined, {}, { shop: "" }, { shop: "evil.com/" }, { shop: "a.b" }, { shop: ["x"] }]) {
      const answer = await authorize(client.id, fields === undefined ? {} : { fields });
      expect(faults(answer)).toEqual(["invalid_document /data/attributes/fields/shop"]);
      expect(answer.body.errors[0].detail).toBe(
        '"shop" is part of the provider\'s address, and must be what the auth client\'s "hosts" allow.',
      );
    }
    await client.provider.play(answering({ code: 0, data: tokens }));
    const { ended } = await consent(client, { fields: { shop: "acme" } }, { auth_code: "c", location: "evil" });
    expect(ended.attributes).toMatchObject({ state: "failed", reason: "host_unknown" });
    expect(await client.provider.heard()).toEqual([]);
  });

  test("keeps of the callback what its URIs hold, or is refused", async () => {
    const { callback_extra: _, ...forgetful } = flavour;
    const credentials = { ...CREDENTIALS, ...uris };
    const attributes = { type: "oauth2", name: "Odd", credentials, flavour: forgetful };
    const created = await call("POST", "/v2/auth-clients", { data: { type: "auth-client", attributes } });
    expect(faults(created)).toEqual(["invalid_document /data/attributes/flavour/callback_extra"]);
  });

  test("wants its fields of a secret that is made with tokens in hand, too", async () => {
    const client = await oddClient({ flavour }, uris);
    const make = (fields: object) =>
      call("POST", `/v2/workspaces/${newWorkspace()}/secrets`, {
        data: {
          type: "auth-secret",
          attributes: { name: "x", credentials: { access_token: "a", refresh_token: "r", fields } },
          relationships: { auth_client: { data: { id: client.id, type: "auth-client" } } },
        },
      });
    expect(faults(await make({}))).toEqual(["invalid_document /data/attributes/credentials/fields/shop"]);
    const made = await make({ shop: "acme" });
    expect(made.status).toBe(201);

    const change = (credentials: object) =>
      call("PATCH", made.body.data.links.self, { data: { type: "auth-secret", attributes: { credentials } } });
    const others = { access_token: "a2", refresh_token: "r2" };
    for (const fields of [null, {}, { shop: "evil.com/" }]) {
      expect(faults(await change({ ...others, fields }))).toEqual([
        "invalid_document /data/attributes/credentials/fields/shop",
      ]);
    }
    expect((await change(others)).body.data.attributes).toMatchObject({
      version: 2,
      credentials: { fields: { shop: "acme" } },
    });
    expect((await change({ ...others, fields: { shop: "other" } })).status).toBe(200);
  });
});

describe("a provider whose first token lives shortly", () => {
  const flavour = {
    refresh_grant_type: "renew",
    upgrade: {
      uri: "https://graph.example.com/long",
      grant_type: "exchange",
      method: "GET",
      param_names: { refresh_token: "token" },
    },
    refresh: { param_names: { refresh_token: "token" } },
  };
  const uris = {
    auth_uri: "https://graph.example.com/authorize",
    token_uri: "https://graph.example.com/token",
    refresh_token_uri: "https://graph.example.com/renew",
  };

  test("exchanges it at once, and then the token that there is for the next", async () => {
    const { provider, id, redirectUri } = await oddClient({}, uris);
    const upgrade = { ...flavour.upgrade, uri: provider.at(flavour.upgrade.uri) };
    const attributes = { flavour: { ...flavour, upgrade } };
    expect((await call("PATCH", `/v2/auth-clients/${id}`, { data: { type: "auth-client", attributes } })).status).toBe(
      200,
    );
    await provider.play(answering({ access_token: "long", expires_in: 5_184_000, user_id: 5 }));
    const { path } = await consent({ id, redirectUri }, {}, { code: "c" });
    const [exchange, second, ...others] = await provider.heard();
    expect([exchange?.url, others]).toEqual(["https://graph.example.com/token", []]);
    const { searchParams, pathname } = new URL(second?.url ?? "");
    expect([second?.method, pathname, Object.fromEntries(searchParams)]).toEqual([
      "GET",
      "/long",
      { grant_type: "exchange", token: "long", ...CREDENTIALS },
    ]);

    await provider.play(answering({ access_token: "longer", expires_in: 5_184_000 }));
    expect((await call("POST", `${path}/refresh?rejected_version=1`)).body.data.attributes).toMatchObject({
      version: 2,
      credentials: { access_token: "longer", undefined_params: { user_id: 5 } },
      health: { status: "ok" },
    });
    expect((await provider.heard()).map(paramsOf)).toEqual([{ grant_type: "renew", token: "long", ...CREDENTIALS }]);
  });
});

describe("a preset", () => {
  const make = async (provider: string, more: object = {}, credentials: object = CREDENTIALS) =>
    await call("POST", "/v2/auth-clients", {
      data: { type: "auth-client", attributes: { type: "oauth2", name: "x", provider, credentials, ...more } },
    });

  test("fills in URIs, flavour and lead; id and secret are enough", async () => {
    const { status, body } = await make("exact-online");
    expect(status).toBe(201);
    expect(body.data.attributes).toMatchObject({ provider: "exact-online", refresh_lead_seconds: 25, flavour: {} });
    expect(body.data.attributes.credentials.token_uri).toContain("https://start.exactonline.");
  });

  test("gives way to what the client states itself", async () => {
    const token_uri = "https://figma.example.com/token";
    const { body } = await make("figma", { refresh_lead_seconds: 90 }, { ...CREDENTIALS, token_uri });
    const { credentials, refresh_lead_seconds } = body.data.attributes;
    expect([credentials.token_uri, credentials.refresh_token_uri, refresh_lead_seconds]).toEqual([
      token_uri,
      token_uri,
      90,
    ]);
    expect(credentials.auth_uri).toContain("figma.com");
  });

  test("that there is not is refused", async () => {
    expect(faults(await make("no-such-provider"))).toEqual(["invalid_document /data/attributes/provider"]);
  });

  test("does not stand for the secret", async () => {
    expect(faults(await make("slack", {}, { client_id: "x" }))).toEqual([
      "invalid_document /data/attributes/credentials/client_secret",
    ]);
  });
});

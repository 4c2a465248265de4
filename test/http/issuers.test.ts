/** Auth clients that name an issuer: filled in by discovery when they are made, and shown as what they come to. */

import { env } from "cloudflare:workers";
import { describe, expect, inject, test } from "vitest";
import { settingsOf } from "../../src/bindings.ts";
import { call, faults, newBrowser, newWorkspace } from "../support/api.ts";
import type { TokenCalls } from "../support/provider-contract.ts";
import { ScriptedProvider } from "../support/scripted-provider.ts";
import { signInAndConsent } from "../support/user-agent.ts";

const POINTER = "invalid_document /data/attributes/issuer";
const countOf = async (sql: string, ...values: string[]) =>
  await env.DB.prepare(`SELECT count(*) AS n FROM ${sql}`)
    .bind(...values)
    .first<number>("n");
const rowOf = async (issuer: string) =>
  await env.DB.prepare("SELECT * FROM issuers WHERE issuer = ?").bind(issuer).first();

/** A client that a real provider knows by its issuer alone, and a flow of it. */
async function startFlow() {
  const { tokenUri, controlUri } = inject("provider");
  const control = async (path: string, method: string, body?: object) =>
    await (await fetch(controlUri + path, { method, ...(body && { body: JSON.stringify(body) }) })).json();
  const credentials = (await control("", "POST", { redirect_uris: ["http://localhost/"] })) as { client_id: string };
  const attributes = { type: "oauth2", name: "x", credentials, issuer: new URL(tokenUri).origin };
  const client = await call("POST", "/v2/auth-clients", { data: { type: "auth-client", attributes } });
  const { redirect_uri } = client.body.data.attributes;
  await control(`/${credentials.client_id}`, "PATCH", { redirect_uris: [redirect_uri] });
  const { body: flow } = await call("POST", `/v2/workspaces/${newWorkspace()}/authorizations`, {
    data: {
      type: "authorization",
      attributes: { name: "x", scopes: ["openid", "offline_access"] },
      relationships: { auth_client: { data: { id: client.body.data.id, type: "auth-client" } } },
    },
  });
  const calls = async () => (await control(`/${credentials.client_id}/calls`, "GET")) as TokenCalls;
  return { client, redirectUri: redirect_uri as string, flow: flow.data, calls };
}

describe("an issuer, a client id and a secret", () => {
  test("are all that a real OpenID provider needs", async () => {
    const { authUri, tokenUri } = inject("provider");
    const { client, flow } = await startFlow();
    expect(client.status).toBe(201);
    expect(client.body.data.attributes.credentials).toMatchObject({
      auth_uri: authUri,
      token_uri: tokenUri,
      refresh_token_uri: tokenUri,
      client_secret: "********",
    });
    await signInAndConsent(newBrowser(), flow.attributes.connect_url);
    const { body: ended } = await call("GET", flow.links.self);
    const secret = ended.data.relationships.secret.links.self;
    expect((await call("POST", `${secret}/refresh`)).body.data.attributes).toMatchObject({ version: 2 });
  });

  test.each([
    ["another issuer's name", (url: URL) => url.searchParams.set("iss", "https://other.example.com")],
    ["no name, which the issuer says it sends", (url: URL) => url.searchParams.delete("iss")],
  ])("let no code through that comes back with %s (SECURITY 4)", async (_, alter) => {
    const { redirectUri, flow, calls } = await startFlow();
    const browser = newBrowser();
    const isBack = ({ href }: { href: string }) => href.startsWith(redirectUri);
    const { url } = await signInAndConsent(browser, flow.attributes.connect_url, { until: isBack });
    const altered = new URL(url);
    expect(altered.searchParams.get("iss")).toBe(new URL(inject("provider").tokenUri).origin);
    alter(altered);
    await browser.get(altered.href);
    expect((await call("GET", flow.links.self)).body.data.attributes.state).toBe("failed");
    expect((await calls()).token_requests).toEqual([]);
  });
});

describe("a client with an issuer", () => {
  test("is shown alike when it is made, read, listed and changed; what was shown may be sent back", async () => {
    const issuer = new ScriptedProvider();
    await issuer.publish();
    const workspace = newWorkspace();
    const sent = issuer.client() as { data: object };
    Object.assign(sent.data, { relationships: { workspace: { data: { id: workspace, type: "workspace" } } } });
    const { status, body } = await call("POST", "/v2/auth-clients", sent);
    expect([status, body.data.attributes.issuer]).toEqual([201, issuer.issuer]);
    const shown = { auth_uri: issuer.at("/authorize"), token_uri: issuer.at("/token") };
    expect(body.data.attributes.credentials).toMatchObject(shown);
    expect((await call("GET", `/v2/auth-clients/${body.data.id}?workspace_id=${workspace}`)).body).toEqual(body);
    const { body: list } = await call("GET", `/v2/auth-clients?workspace_id=${workspace}&page[size]=100`);
    expect(list.data).toContainEqual(body.data);

    const echoed = await call("PATCH", `/v2/auth-clients/${body.data.id}`, { data: body.data });
    expect([echoed.status, echoed.body]).toEqual([200, body]);
    const moved = { ...body.data, attributes: { credentials: { token_uri: "https://other.example.com/" } } };
    expect(faults(await call("PATCH", `/v2/auth-clients/${body.data.id}`, { data: moved }))).toEqual([
      "conflict /data/attributes/credentials/token_uri",
    ]);
  });

  test("shares what the issuer tells with the others that name it, sealed", async () => {
    const issuer = new ScriptedProvider();
    await issuer.publish({ token_endpoint: issuer.at("/sentinel-endpoint") });
    for (const _ of [1, 2]) await call("POST", "/v2/auth-clients", issuer.client());
    expect(await countOf("issuers WHERE issuer = ?", issuer.issuer)).toBe(1);
    const row = await rowOf(issuer.issuer);
    expect(row).toMatchObject({ failures: 0, metadata: expect.stringMatching(/^ey/) });
    expect(JSON.stringify(row)).not.toContain("sentinel-endpoint");
  });

  test("keeps the URIs that it states itself", async () => {
    const issuer = new ScriptedProvider();
    await issuer.publish();
    const token_uri = "https://provider.example.com/token";
    const { body } = await call("POST", "/v2/auth-clients", issuer.client({}, { token_uri }));
    expect(body.data.attributes.credentials).toMatchObject({ auth_uri: issuer.at("/authorize"), token_uri });
  });

  test("is refused when the issuer cannot fill in what is missing, in a sentence of ours, and leaves nothing behind", async () => {
    const issuer = new ScriptedProvider();
    const said = { issuer: "https://sentinel.example.com" };
    const before = await countOf("auth_clients");
    const sentences = {
      "nothing is published": [{ status: 404 }, "This issuer publishes no metadata."],
      "it is another's": [{ body: issuer.metadata(said) }, "The metadata there is of another issuer"],
      "it is a page": [{ body: "<h1>sentinel</h1>" }, "is not metadata in JSON"],
      "no endpoint is named": [{ body: { issuer: issuer.issuer } }, 'state "auth_uri" and "token_uri".'],
      "one may not be called": [
        { body: issuer.metadata({ token_endpoint: "https://10.0.0.1/sentinel" }) },
        'lacks an endpoint that may be called. Correct it, or state "token_uri".',
      ],
    } as const;
    for (const [answer, sentence] of Object.values(sentences)) {
      await issuer.answer(issuer.wellKnown.openid, answer);
      const refused = await call("POST", "/v2/auth-clients", issuer.client());
      expect([refused.status, faults(refused)]).toEqual([400, [POINTER]]);
      expect(refused.body.errors[0].detail).toContain(sentence);
      expect(JSON.stringify(refused.body)).not.toContain("sentinel");
    }
    expect([await countOf("auth_clients"), await rowOf(issuer.issuer)]).toEqual([before, null]);
  });

  test("needs no authorization endpoint where nobody is asked for consent", async () => {
    const issuer = new ScriptedProvider();
    await issuer.publish({ authorization_endpoint: undefined });
    const grant = { grant_type: "client_credentials" };
    expect((await call("POST", "/v2/auth-clients", issuer.client(grant))).status).toBe(201);
    expect(faults(await call("POST", "/v2/auth-clients", issuer.client()))).toEqual([POINTER]);
  });

  test("that states all URIs is made although the issuer does not answer, and does not spoil what is known of it", async () => {
    const issuer = new ScriptedProvider();
    const uris = { auth_uri: issuer.at("/own"), token_uri: issuer.at("/own"), refresh_token_uri: issuer.at("/own") };
    expect((await call("POST", "/v2/auth-clients", issuer.client({}, uris))).status).toBe(201);
    expect(await rowOf(issuer.issuer)).toMatchObject({ metadata: null, failures: 1 });

    await issuer.publish();
    const { body } = await call("POST", "/v2/auth-clients", issuer.client());
    await issuer.answer(issuer.wellKnown.openid, { status: 500 });
    await call("POST", "/v2/auth-clients", issuer.client({}, uris));
    expect(await rowOf(issuer.issuer)).toMatchObject({ failures: 0, metadata: expect.any(String) });
    expect((await call("GET", `/v2/auth-clients/${body.data.id}`)).body).toEqual(body);
  });

  test("asks nobody when the document is wrong, or the caller may not", async () => {
    const issuer = new ScriptedProvider();
    await issuer.publish();
    const [wrong, unknown] = [issuer.client({ name: "" }), { authorization: "Bearer nobody" }];
    expect((await call("POST", "/v2/auth-clients", wrong)).status).toBe(400);
    expect((await call("POST", "/v2/auth-clients", issuer.client(), unknown)).status).toBe(401);
    expect(await issuer.heard()).toEqual([]);
  });

  test.each(["https://id.example.com/?tenant=1", "https://{{fields.shop}}.example.com"])(
    "400 for %s, which can be no issuer",
    async (issuer) => {
      const { body } = await call("POST", "/v2/auth-clients", new ScriptedProvider().client({ issuer }));
      const ofIssuer = body.errors.find(({ source }: { source: { pointer: string } }) =>
        source.pointer.endsWith("/issuer"),
      );
      expect(ofIssuer.detail).toBe('"issuer" must have no query and no variables.');
    },
  );
});

describe("what an issuer tells (SECURITY 12)", () => {
  async function twoIssuers() {
    const issuers = [new ScriptedProvider(), new ScriptedProvider()] as const;
    const paths: string[] = [];
    for (const issuer of issuers) {
      await issuer.publish();
      const { body } = await call("POST", "/v2/auth-clients", issuer.client());
      paths.push(`/v2/auth-clients/${body.data.id}`);
    }
    return { issuers, paths };
  }

  test("does not open in the row of another issuer", async () => {
    const { issuers, paths } = await twoIssuers();
    await env.DB.prepare(
      "UPDATE issuers SET metadata = (SELECT metadata FROM issuers WHERE issuer = ?1) WHERE issuer = ?2",
    )
      .bind(issuers[1].issuer, issuers[0].issuer)
      .run();
    expect(faults(await call("GET", paths[0] ?? ""))).toEqual(["storage_integrity"]);
    expect((await call("GET", paths[1] ?? "")).status).toBe(200);
  });

  test("does not open for a client whose row was made to name another issuer", async () => {
    const { issuers, paths } = await twoIssuers();
    const id = paths[0]?.split("/").at(-1) ?? "";
    await env.DB.prepare("UPDATE auth_clients SET issuer = ?1 WHERE id = ?2").bind(issuers[1].issuer, id).run();
    expect(faults(await call("GET", paths[0] ?? ""))).toEqual(["storage_integrity"]);
  });

  test("counts for no client that states no issuer, whatever its row says", async () => {
    const { issuers } = await twoIssuers();
    const uris = {
      auth_uri: issuers[0].at("/own"),
      token_uri: issuers[0].at("/own"),
      refresh_token_uri: issuers[0].at("/own"),
    };
    const { body } = await call("POST", "/v2/auth-clients", issuers[0].client({ issuer: undefined }, uris));
    await env.DB.prepare("UPDATE auth_clients SET issuer = ?1 WHERE id = ?2")
      .bind(issuers[0].issuer, body.data.id)
      .run();
    const { attributes } = (await call("GET", `/v2/auth-clients/${body.data.id}`)).body.data;
    expect(attributes.credentials).toMatchObject(uris);
  });

  test("is sealed under the first key of the ring", async () => {
    const { issuers } = await twoIssuers();
    const { metadata } = (await rowOf(issuers[0].issuer)) ?? {};
    const identity = ["global", "issuer", encodeURIComponent(issuers[0].issuer), "metadata"];
    const opened = await settingsOf(env).cipher.open(identity, String(metadata));
    expect(opened).toEqual(issuers[0].metadata());
  });
});

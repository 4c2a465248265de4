/** The contract: the document has every route, and every route answers as the document says, with every status that is a success. */

import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { createApp } from "../../src/http/app.ts";
import { type Answer, ask, call, ConnectedClient, contract, faults, newBrowser, newWorkspace } from "../support/api.ts";
import { travelTo } from "../support/clock.ts";
import { breakActors } from "../support/estate.ts";
import { OFFLINE } from "../support/offline.ts";
import { signInAndConsent } from "../support/user-agent.ts";

const related = (type: string, id: string) => ({ [type.replace("-", "_")]: { data: { id, type } } });

async function create(path: string, type: string, attributes: object, relationships?: object): Promise<Answer> {
  const answer = await call("POST", path, { data: { type, attributes, ...(relationships && { relationships }) } });
  expect([path, answer.status, answer.body.errors]).toEqual([path, 201, undefined]);
  return answer;
}

/** Makes a place and gives its id. */
async function createPlace(type: string, parent?: [type: string, id: string]): Promise<string> {
  const { body } = await create(`/v2/${type}s`, type, { name: "Place" }, parent && related(...parent));
  return body.data.id;
}

async function createClient(type: string, workspace: string): Promise<string> {
  const attributes = { type, name: `A client of type ${type}`, credentials: { hint: "x" } };
  return (await create("/v2/auth-clients", "auth-client", attributes, related("workspace", workspace))).body.data.id;
}

async function importInto(workspace: string, client: string, credentials: object): Promise<string> {
  const relationships = { "auth-client": related("auth-client", client)["auth_client"], ...related("user", "u1") };
  const attributes = { name: "In hand", credentials };
  const path = `/v2/workspaces/${workspace}/secrets`;
  return (await create(path, "auth-secret", attributes, relationships)).body.data.links.self;
}

async function expectStatus(status: number, ...request: Parameters<typeof call>): Promise<Answer> {
  const answer = await call(...request);
  expect([...request.slice(0, 2), answer.status]).toEqual([...request.slice(0, 2), status]);
  return answer;
}

describe("every route", () => {
  test("stands in the document, and nothing else does", async () => {
    const app = createApp(OFFLINE);
    const routes = app.routes
      .filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
    const described = (await contract()).documented
      .map((each) => each.replace(/ \d+$/, ""))
      // What a router answers HEAD with is what it answers GET with.
      .filter((each) => !each.startsWith("HEAD ") || !routes.includes(each.replace("HEAD", "GET")));
    // One route answers this and `/connect/{token}` (test/http/router.test.ts).
    routes.push("GET /connect/ended");
    expect([...new Set(described)].toSorted()).toEqual([...new Set(routes)].toSorted());
  });
});

describe("tenants, contracts and workspaces", () => {
  test("are made, listed, shown and deleted", async () => {
    const tenant = await createPlace("tenant");
    const contractId = await createPlace("contract", ["tenant", tenant]);
    const workspace = await createPlace("workspace", ["contract", contractId]);
    const client = await createClient("noauth", workspace);
    await importInto(workspace, client, {});
    for (const path of [`tenants/${tenant}`, `contracts/${contractId}`, `workspaces/${workspace}`]) {
      await expectStatus(200, "GET", `/v2/${path}`);
      await expectStatus(200, "GET", `/v2/${path.split("/")[0]}?tenant_id=${tenant}&page[size]=1&page[number]=1`);
    }
    await expectStatus(204, "DELETE", `/v2/tenants/${tenant}`);
    expect((await call("GET", `/v2/workspaces/${workspace}`)).status).toBe(404);
  });

  test("are gone at once where there is little to remove, and otherwise after a while", async () => {
    const inTenant = async (tenant: string) => await createPlace("contract", ["tenant", tenant]);
    const inContract = async (id: string) => await createPlace("workspace", ["contract", id]);
    const tenant = await createPlace("tenant");
    await expectStatus(204, "DELETE", `/v2/workspaces/${await inContract(await inTenant(tenant))}`);
    await expectStatus(204, "DELETE", `/v2/contracts/${await inTenant(tenant)}`);

    const contractId = await inTenant(tenant);
    const workspace = await inContract(contractId);
    await importInto(workspace, await createClient("noauth", workspace), {});
    const broken = breakActors();
    await expectStatus(202, "DELETE", `/v2/workspaces/${workspace}`);
    await expectStatus(202, "DELETE", `/v2/contracts/${contractId}`);
    await expectStatus(202, "DELETE", `/v2/tenants/${tenant}`);
    broken.mend();
    expect((await call("GET", `/v2/tenants/${tenant}`)).status).toBe(404);
  });
});

describe("API keys", () => {
  test("are made, listed and revoked", async () => {
    const attributes = {
      name: "Key",
      email: "me@example.com",
      permissions: ["workspaces.auth_secret.get"],
      expires_at: new Date(Date.now() + 60_000).toISOString(),
    };
    const { body } = await create("/v2/api-keys", "api-key", attributes, related("workspace", newWorkspace()));
    const { body: list } = await expectStatus(200, "GET", "/v2/api-keys");
    expect(list.data.map(({ id }: { id: string }) => id)).toContain(body.data.id);
    await expectStatus(204, "DELETE", `/v2/api-keys/${body.data.id}`);
  });
});

describe("auth clients and secrets", () => {
  const IN_HAND: [type: string, credentials: object, headers: object][] = [
    ["basic", { username: "me", password: "p" }, { Authorization: "Basic bWU6cA==" }],
    ["api_key", { headerName: "X-Key", headerValue: "k" }, { "X-Key": "k" }],
    ["noauth", { fields: { region: "eu" } }, {}],
    ["a_custom_type", { anything: [{ at: "all" }] }, {}],
  ];

  test.each(IN_HAND)(
    "of type %s are made, listed, shown, changed, read and deleted",
    async (type, credentials, headers) => {
      const workspace = newWorkspace();
      const client = await createClient(type, workspace);
      const change = { data: { type: "auth-client", attributes: { name: "Other" } } };
      await expectStatus(200, "GET", `/v2/auth-clients?workspace_id=${workspace}&filter[component]=c`);
      await expectStatus(200, "GET", `/v2/auth-clients?workspace_id=${workspace}`);
      await expectStatus(200, "GET", `/v2/auth-clients/${client}?workspace_id=${workspace}`);
      await expectStatus(200, "PATCH", `/v2/auth-clients/${client}`, change);

      const secret = await importInto(workspace, client, credentials);
      await expectStatus(200, "GET", secret);
      await expectStatus(200, "GET", `/v2/workspaces/${workspace}/secrets?filter[user]=u1&filter[state]=ready`);
      const { body: token } = await expectStatus(200, "GET", `${secret}/token`);
      expect(token).toEqual({ type, version: 1, headers });
      const renewed = { data: { type: "auth-secret", attributes: { credentials, state: "error", error: "Why" } } };
      await expectStatus(200, "PATCH", secret, renewed);
      await expectStatus(409, "DELETE", `/v2/auth-clients/${client}`);
      await expectStatus(204, "DELETE", secret);
      await expectStatus(204, "DELETE", `/v2/auth-clients/${client}`);
    },
  );

  test("come of a consent that ends at the callback which clients share", async () => {
    const client = await ConnectedClient.create();
    const attributes = { flavour: { shared_callback: true } };
    await expectStatus(200, "PATCH", `/v2/auth-clients/${client.id}`, { data: { type: "auth-client", attributes } });
    const { body: flow } = await client.authorize(newWorkspace());
    const opened = await expectStatus(303, "GET", `${new URL(flow.data.attributes.connect_url).pathname}/continue`);
    const state = new URL(opened.headers.get("location") ?? "").searchParams.get("state");
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const { headers } = await expectStatus(303, "POST", "/callback/oauth2", `state=${state}&error=access_denied`, form);
    const cookie = opened.headers.get("set-cookie")?.split(";")[0] ?? "";
    await expectStatus(303, "GET", headers.get("location") ?? "", undefined, { cookie });
    const { body: ended } = await expectStatus(200, "GET", flow.data.links.self);
    expect(ended.data.attributes).toMatchObject({ state: "failed", reason: "access_denied" });
  });

  test("that sign have keys, which everybody may see", async () => {
    const credentials = { client_id: "c", token_uri: "https://provider.example.com/token" };
    const attributes = { type: "oauth2", name: "Signs", grant_type: "client_credentials", credentials };
    const flavour = { client_auth: "private_key_jwt" };
    const { body } = await create("/v2/auth-clients", "auth-client", { ...attributes, flavour });
    const { self } = body.data.links;
    const { body: first } = await expectStatus(200, "GET", `${self}/jwks.json`, undefined, { authorization: "" });
    travelTo(Date.now() + 601_000);
    await expectStatus(201, "POST", `${self}/keys`);
    const { body: second } = await expectStatus(200, "GET", `${self}/jwks.json`);
    expect([first.keys.length, second.keys.length]).toEqual([1, 2]);
  });

  test("of type oauth2 come of a person's consent, and are read, refreshed, changed and shown", async () => {
    const client = await ConnectedClient.create();
    const workspace = newWorkspace();
    const change = { client_secret: "********", token_expires_in: 60 };
    const renamed = { name: "Renamed", credentials: change, refresh_lead_seconds: 30 };
    await expectStatus(200, "GET", "/v2/auth-clients");
    await expectStatus(200, "PATCH", `/v2/auth-clients/${client.id}`, {
      data: { type: "auth-client", attributes: renamed },
    });

    const diagnosis = { data: { type: "diagnosis", attributes: { fields: { shop: "acme" } } } };
    await expectStatus(200, "POST", `/v2/auth-clients/${client.id}/diagnose`, diagnosis);

    const { body: flow } = await client.authorize(workspace, {
      additional_params: '{"prompt":"consent"}',
      fields: { a: 1 },
    });
    const connect = new URL(flow.data.attributes.connect_url).pathname;
    await expectStatus(200, "HEAD", connect);
    await expectStatus(200, "GET", connect);
    await expectStatus(303, "GET", "/connect/unknown");
    await expectStatus(200, "HEAD", `${connect}/continue`);
    await expectStatus(303, "GET", `${connect}/continue`);
    const browser = newBrowser();
    const { url } = await signInAndConsent(browser, flow.data.attributes.connect_url, {
      until: ({ href }) => href.startsWith(client.redirectUri),
    });
    const form = { "content-type": "application/x-www-form-urlencoded" };
    await expectStatus(303, "POST", new URL(url).pathname, new URL(url).search.slice(1), form);
    expect((await browser.get(url)).html).toContain("Connected");
    const { body: ended } = await expectStatus(200, "GET", flow.data.links.self);
    const secret = ended.data.relationships.secret.links.self;

    const { headers } = await expectStatus(200, "GET", `${secret}/token?min_ttl=60`);
    await expectStatus(304, "GET", `${secret}/token`, undefined, { "if-none-match": headers.get("etag") ?? "" });
    await expectStatus(200, "POST", `${secret}/refresh?rejected_version=1`);
    await expectStatus(200, "GET", `${secret}/history`);
    await expectStatus(200, "GET", `/v2/workspaces/${workspace}/events?limit=10`);
    const credentials = { access_token: "t", refresh_token: null, expires_in: "60", additional_params: { a: "b" } };
    await expectStatus(200, "PATCH", secret, { data: { type: "auth-secret", attributes: { credentials } } });
    await expectStatus(200, "GET", `/v2/workspaces/${workspace}/secrets?filter[auth_client]=${client.id}`);
  });
});

describe("providers", () => {
  test("are listed and shown", async () => {
    const { body } = await expectStatus(200, "GET", "/v2/providers");
    const { body: shown } = await expectStatus(200, "GET", body.data[0].links.self);
    expect(shown.data.id).toBe(body.data[0].id);
  });
});

describe("maintenance", () => {
  test("counts overdue refreshes", async () => {
    const { body } = await expectStatus(200, "GET", "/v2/maintenance/overdue");
    expect(body.data).toEqual({
      id: "overdue",
      type: "overdue",
      attributes: { count: 0, oldest_due_at: null, oldest_age_seconds: null, unchecked: 0 },
      links: { self: "/v2/maintenance/overdue" },
    });
  });
});

describe("trails", () => {
  test("are read of places of every level", async () => {
    const tenant = await createPlace("tenant");
    const below = await createPlace("contract", ["tenant", tenant]);
    for (const path of [`/v2/tenants/${tenant}`, `/v2/contracts/${below}`, "/v2"]) {
      const { body } = await expectStatus(200, "GET", `${path}/events?limit=10`);
      expect(body.meta.cursor).toMatch(/^\w+$/);
    }
  });
});

describe("the rewrap", () => {
  test("is begun, and shown", async () => {
    const { body } = await expectStatus(202, "POST", "/v2/maintenance/rewrap");
    expect(body.data.attributes.keys).toMatchObject([{ kid: "test", seals: true, may_be_dropped: false }]);
    const { body: shown } = await expectStatus(200, "GET", body.data.links.self);
    expect(shown.data).toMatchObject({ id: "rewrap", type: "rewrap", links: { self: "/v2/maintenance/rewrap" } });
  });
});

describe("the service itself", () => {
  test.each(["/healthz", "/openapi.json", "/docs"])("%s answers everybody", async (path) => {
    expect((await call("GET", path, undefined, { authorization: "" })).status).toBe(200);
  });

  test.each(["/openapi.json", "/docs"])("%s names no other host", async (path) => {
    const { body } = await call("GET", path);
    const whole = typeof body === "string" ? body : JSON.stringify(body);
    // A nonce may look like anything.
    const text = whole.replaceAll(/nonce="[^"]*"/g, "");
    const hosts = [...text.matchAll(/\b(?:https?:)?\/\/([a-z0-9.-]+)/gi)].map(([, host]) => host);
    expect(hosts).toEqual([]);
    expect(text).not.toMatch(/<(script|img|link|iframe)\b|@import|url\(/i);
  });
});

describe("every error code", () => {
  const someSecret = `/v2/workspaces/w/secrets/${crypto.randomUUID()}`;
  const asked = (settings: object) => {
    const headers = { authorization: `Bearer ${env.ROOT_API_KEY}`, "content-type": "application/json" };
    const attributes = { type: "noauth", name: "x", credentials: {} };
    const body = JSON.stringify({ data: { type: "auth-client", attributes } });
    return ask(new Request("http://localhost/v2/auth-clients", { method: "POST", headers, body }), settings);
  };
  const refreshed = async (fault: Parameters<ConnectedClient["fault"]>[0]) => {
    const client = await ConnectedClient.create();
    const secret = await client.connect(newWorkspace());
    await client.fault(fault);
    return await call("POST", `${secret}/refresh`);
  };

  test.each([
    ["invalid_document", () => call("POST", "/v2/tenants", {})],
    ["unauthenticated", () => call("GET", "/v2/tenants", undefined, { authorization: "" })],
    ["not_found", () => call("GET", someSecret)],
    ["unsupported_media_type", () => call("POST", `${someSecret}/refresh`, "x", { "content-type": "text/plain" })],
    ["payload_too_large", () => call("DELETE", someSecret, "x".repeat(257 * 1024))],
    ["reauthorization_required", () => refreshed({ status: 400, body: '{"error":"invalid_grant"}' })],
    ["client_misconfigured", () => refreshed({ status: 401, body: '{"error":"invalid_client"}' })],
    ["provider_unreachable", () => refreshed({ status: 429, headers: { "retry-after": "60" } })],
  ] as [string, () => Promise<Answer>][])("%s", async (code, provoke) => {
    expect(faults(await provoke())[0]).toMatch(new RegExp(`^${code}\\b`));
  });

  test("provider_refused", async () => {
    const client = await ConnectedClient.create(
      { grant_types: ["client_credentials"] },
      {},
      { grant_type: "client_credentials" },
    );
    await client.fault({ status: 400, body: '{"error":"invalid_scope"}' });
    const secret = { type: "auth-secret", attributes: { name: "x" }, relationships: client.relationships };
    const answer = await expectStatus(424, "POST", `/v2/workspaces/${newWorkspace()}/secrets`, { data: secret });
    expect(faults(answer)).toEqual(["provider_refused"]);
  });

  test("forbidden", async () => {
    const attributes = { name: "Key", permissions: ["workspaces.auth_secret.get"] };
    const { body } = await create("/v2/api-keys", "api-key", attributes, related("workspace", "w"));
    const authorization = `Bearer ${body.data.attributes.key}`;
    expect(faults(await expectStatus(403, "DELETE", someSecret, undefined, { authorization }))).toEqual(["forbidden"]);
  });

  test("conflict", async () => {
    const tenant = { data: { type: "tenant", id: await createPlace("tenant"), attributes: { name: "Taken" } } };
    expect(faults(await expectStatus(409, "POST", "/v2/tenants", tenant))).toEqual(["conflict /data/id"]);
  });

  test("reauthorization_required for a token too", async () => {
    const client = await ConnectedClient.create();
    const secret = await importInto(newWorkspace(), client.id, { access_token: "t", expires_in: 60 });
    travelTo(Date.now() + 61_000);
    expect(faults(await expectStatus(424, "GET", `${secret}/token`))).toEqual(["reauthorization_required"]);
  });

  test("rate_limited", async () => {
    await env.THREE.limit({ key: "root" });
    const statuses: number[] = [];
    for (let times = 0; times < 3; times++) statuses.push((await asked({ WRITE_LIMIT: env.THREE })).status);
    expect(statuses).toEqual([201, 201, 429]);
  });

  test("storage_integrity and internal, where the server is not set up", async () => {
    expect((await asked({ ENCRYPTION_KEYS: "" })).status).toBe(503);
    expect((await asked({ RETURN_ORIGINS: "nowhere" })).status).toBe(500);
  });
});

describe("by then", () => {
  test("every operation has answered with each of its statuses that is no failure", async () => {
    const { documented, seen } = await contract();
    expect(documented.filter((each) => / [123]\d\d$/.test(each) && !seen.has(each))).toEqual([]);
  });

  test("every code of the closed list has been answered that can be", async () => {
    const { codes } = await contract();
    const { body } = await call("GET", "/openapi.json");
    const closed: string[] = body.components.schemas.Error.properties.code.enum;
    expect(closed.filter((code) => !codes.has(code))).toEqual([]);
  });
});

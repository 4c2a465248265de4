/** `/v2/auth-clients`: made, shown, deleted; and what a document must not say. */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { settingsOf } from "../../src/bindings.ts";
import type { AuthClient } from "../../src/domain/auth-client.ts";
import type { AuthClientId } from "../../src/domain/ids.ts";
import { findAuthClient, openAuthClient } from "../../src/store/auth-clients.ts";
import { actorOf, call, ConnectedClient, expectRenewed, faults, newWorkspace } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { newKey, newTenancy } from "../support/keys.ts";

function newClient(changes: { credentials?: object; attributes?: object; relationships?: object } = {}) {
  return {
    data: {
      type: "auth-client",
      attributes: {
        type: "oauth2",
        name: "CRM",
        credentials: {
          client_id: "the id",
          client_secret: "sentinel-client-secret",
          auth_uri: "https://provider.example.com/authorize",
          token_uri: "https://provider.example.com/token",
          refresh_token_uri: "https://provider.example.com/token?keep=me",
          ...changes.credentials,
        },
        ...changes.attributes,
      },
      ...(changes.relationships && { relationships: changes.relationships }),
    },
  };
}

const inWorkspace = (id: string) => ({ workspace: { data: { id, type: "workspace" } } });

describe("POST /v2/auth-clients", () => {
  test("201 shows the client with its redirect URI, and never the client secret", async () => {
    const components = { data: [{ id: "5a", type: "component" }] };
    const { status, headers, body } = await call(
      "POST",
      "/v2/auth-clients",
      newClient({ credentials: { token_expires_in: 7200 }, relationships: { components } }),
    );
    expect(status).toBe(201);
    expect(headers.get("cache-control")).toBe("no-store");
    const { id } = body.data;
    expect(body).toEqual({
      data: {
        id,
        type: "auth-client",
        attributes: {
          type: "oauth2",
          name: "CRM",
          credentials: {
            client_id: "the id",
            client_secret: "********",
            auth_uri: "https://provider.example.com/authorize",
            token_uri: "https://provider.example.com/token",
            refresh_token_uri: "https://provider.example.com/token?keep=me",
            token_expires_in: 7200,
          },
          redirect_uri: `http://localhost/callback/oauth2/${id}`,
          fields: [],
          refresh_lead_seconds: 60,
          refresh_jitter_seconds: 0,
          provider: null,
          issuer: null,
          grant_type: "authorization_code",
          flavour: {},
          secret_in_use: "client_secret",
        },
        relationships: { components },
        links: { self: `/v2/auth-clients/${id}` },
      },
      meta: {},
    });
    expect((await call("GET", `/v2/auth-clients/${id}`)).body).toEqual(body);
  });

  test("stores the credentials sealed (SECURITY 12)", async () => {
    await call("POST", "/v2/auth-clients", newClient());
    const { results } = await env.DB.prepare("SELECT * FROM auth_clients").all();
    expect(results.length).toBeGreaterThan(0);
    expect(JSON.stringify(results)).not.toContain("sentinel");
    expect(JSON.stringify(results)).not.toContain("the id");
  });

  test("201 takes an id that is not in use, so that the redirect URI is known before; 409 one that is, and changes nothing", async () => {
    const id = crypto.randomUUID();
    const workspace = newWorkspace();
    const document = newClient({ relationships: inWorkspace(workspace) });
    const made = await call("POST", "/v2/auth-clients", { data: { ...document.data, id } });
    expect([made.status, made.body.data.id]).toEqual([201, id]);
    expect(made.body.data.attributes.redirect_uri).toBe(`http://localhost/callback/oauth2/${id}`);
    const { key } = await newKey(["workspaces.auth_clients.create"], { level: "workspace", id: newWorkspace() });
    for (const headers of [{}, { authorization: `Bearer ${key}` }]) {
      const again = { ...newClient({ attributes: { name: "Another" } }).data, id };
      const relationships = inWorkspace(workspace);
      const taken = await call("POST", "/v2/auth-clients", { data: { ...again, relationships } }, headers);
      expect(faults(taken)).toEqual([
        "authorization" in headers ? "not_found /data/relationships/workspace/data/id" : "conflict /data/id",
      ]);
    }
    expect((await call("GET", `/v2/auth-clients/${id}?workspace_id=${workspace}`)).body).toEqual(made.body);
  });

  test("201 for the media type of JSON:API too", async () => {
    const headers = { "content-type": "application/vnd.api+json; charset=utf-8" };
    expect((await call("POST", "/v2/auth-clients", newClient(), headers)).status).toBe(201);
  });

  test("400 names every problem at once, and stores nothing", async () => {
    const before = await countClients();
    const answer = await call("POST", "/v2/auth-clients", {
      data: {
        type: "auth-clients",
        id: "mine",
        attributes: {
          type: "oauth2",
          name: "",
          refresh_lead_seconds: "60",
          credentials: {
            client_id: 5,
            auth_uri: "http://provider.example.com/",
            token_uri: "https://10.0.0.1/token",
            refresh_token_uri: "https://user:pass@provider.example.com/",
            "a/b~c": true,
          },
        },
        relationships: { workspace: { data: { id: "not an id", type: "workspace" } } },
      },
      included: [],
    });
    expect(answer.status).toBe(400);
    expect(faults(answer).toSorted()).toEqual([
      "invalid_document /data/attributes/credentials/auth_uri",
      "invalid_document /data/attributes/credentials/a~1b~0c",
      "invalid_document /data/attributes/credentials/client_id",
      "invalid_document /data/attributes/credentials/client_secret",
      "invalid_document /data/attributes/credentials/refresh_token_uri",
      "invalid_document /data/attributes/credentials/token_uri",
      "invalid_document /data/attributes/name",
      "invalid_document /data/attributes/refresh_lead_seconds",
      "invalid_document /data/id",
      "invalid_document /data/relationships/workspace/data/id",
      "invalid_document /data/type",
      "invalid_document /included",
    ]);
    const details = answer.body.errors.map(({ detail }: { detail: string }) => detail);
    expect(details).toContain('"client_secret" is required.');
    expect(details).toContain('"auth_uri" must use https.');
    expect(details).toContain('"token_uri" must name a public host.');
    expect(details).toContain('"id" must be a UUID in lower case.');
    expect(await countClients()).toBe(before);
  });

  test.each([
    ["malformed JSON", "{", ""],
    ["no object", "[]", ""],
    ["nothing", "", ""],
    ["no data", "{}", "/data"],
    ["null", "null", ""],
  ])("400 for %s", async (_, body, pointer) => {
    const answer = await call("POST", "/v2/auth-clients", body);
    expect([answer.status, faults(answer)]).toEqual([400, [`invalid_document ${pointer}`.trim()]]);
  });

  test("415 for another media type", async () => {
    const answer = await call("POST", "/v2/auth-clients", "a=b", {
      "content-type": "application/x-www-form-urlencoded",
    });
    expect([answer.status, faults(answer)]).toEqual([415, ["unsupported_media_type"]]);
  });

  test("413 for a body over 256 KiB", async () => {
    const answer = await call("POST", "/v2/auth-clients", newClient({ attributes: { name: "x".repeat(257 * 1024) } }));
    expect([answer.status, faults(answer)]).toEqual([413, ["payload_too_large"]]);
  });
});

describe("GET /v2/auth-clients/{id}", () => {
  test("shows a workspace's client only where it is asked for from that workspace", async () => {
    const workspace = newWorkspace();
    const { body } = await call("POST", "/v2/auth-clients", newClient({ relationships: inWorkspace(workspace) }));
    const { self } = body.data.links;
    expect(body.data.relationships.workspace.data.id).toBe(workspace);
    expect((await call("GET", self)).status).toBe(404);
    expect((await call("GET", `${self}?workspace_id=${newWorkspace()}`)).status).toBe(404);
    expect((await call("GET", `${self}?workspace_id=${workspace}`)).body.data).toEqual(body.data);
  });

  test.each([crypto.randomUUID(), "x", "..%2f"])("404 for the unknown id %s", async (id) => {
    const answer = await call("GET", `/v2/auth-clients/${id}`);
    expect([answer.status, faults(answer)]).toEqual([404, ["not_found"]]);
  });
});

describe("a client of another type", () => {
  const basic = (credentials: object, more: object = {}) => ({
    data: { type: "auth-client", attributes: { type: "my_type", name: "Mine", credentials, ...more } },
  });

  test("201 keeps what its components want, and shows it without client secrets", async () => {
    const credentials = { a: [1], deep: { client_secret: "sentinel", url: "x" } };
    const { status, body } = await call("POST", "/v2/auth-clients", basic(credentials));
    expect(status).toBe(201);
    expect(body.data.attributes).toEqual({
      type: "my_type",
      name: "Mine",
      credentials: { a: [1], deep: { client_secret: "********", url: "x" } },
    });
  });

  test("PATCH 200 replaces its credentials; a mask that comes back leaves the secret as it is", async () => {
    const { body } = await call("POST", "/v2/auth-clients", basic({ client_secret: "sentinel", a: 1 }));
    const { self } = body.data.links;
    const changed = await call("PATCH", self, {
      data: { type: "auth-client", attributes: { credentials: { client_secret: "********", b: 2 } } },
    });
    expect(changed.body.data.attributes.credentials).toEqual({ client_secret: "********", b: 2 });
    expect((await openClient(body.data.id)).credentials).toEqual({ client_secret: "sentinel", b: 2 });
  });

  test("PATCH 200 finds the secret behind a mask in a list too", async () => {
    const shown = [{ client_secret: "********", name: "a" }, 1];
    const { body } = await call(
      "POST",
      "/v2/auth-clients",
      basic({ apps: [{ client_secret: "sentinel", name: "a" }, 1] }),
    );
    expect(body.data.attributes.credentials).toEqual({ apps: shown });
    const { self } = body.data.links;
    const attributes = { credentials: { apps: shown, more: true } };
    expect((await call("PATCH", self, { data: { type: "auth-client", attributes } })).status).toBe(200);
    expect((await openClient(body.data.id)).credentials).toEqual({
      apps: [{ client_secret: "sentinel", name: "a" }, 1],
      more: true,
    });
  });

  test("400 for a mask that stands for nothing", async () => {
    const answer = await call("POST", "/v2/auth-clients", basic({ a: [{ client_secret: "********" }] }));
    expect([answer.status, faults(answer)]).toEqual([
      400,
      ["invalid_document /data/attributes/credentials/a/0/client_secret"],
    ]);
  });

  test("400 for __proto__, which no parser would keep", async () => {
    const sent = JSON.stringify(basic({ b: 2 })).replace('"b":2', '"__proto__":{"a":1}');
    const answer = await call("POST", "/v2/auth-clients", sent);
    expect([answer.status, faults(answer)]).toEqual([400, ["invalid_document /data/attributes/credentials/__proto__"]]);
  });

  test.each<[string, object, string[]]>([
    ["a name of no type", { type: "My Type" }, ["/data/attributes/type"]],
    ["no credentials", { credentials: undefined }, ["/data/attributes/credentials"]],
    ["credentials that are none", { credentials: [] }, ["/data/attributes/credentials"]],
    ["too many credentials", { credentials: { long: "x".repeat(20_000) } }, ["/data/attributes/credentials"]],
    ["a lead", { refresh_lead_seconds: 60 }, ["/data/attributes/refresh_lead_seconds"]],
    [
      "a jitter and a flavour",
      { refresh_jitter_seconds: 0, flavour: {} },
      ["/data/attributes/refresh_jitter_seconds", "/data/attributes/flavour"],
    ],
  ])("400 for %s", async (_, changes, pointers) => {
    const answer = await call("POST", "/v2/auth-clients", basic({}, changes));
    expect([answer.status, faults(answer)]).toEqual([400, pointers.map((pointer) => `invalid_document ${pointer}`)]);
  });
});

describe("a flavour", () => {
  test("201 is kept and shown as it was set", async () => {
    const flavour = {
      errors: {
        bad_refresh_token: "reauthorize",
        access_denied: [{ class: "too_early", text: "not expired" }, { class: "config_error" }],
      },
      zero_means_never: true,
      keepalive_seconds: 604_800,
    };
    const created = await call("POST", "/v2/auth-clients", newClient({ attributes: { flavour } }));
    expect([created.status, created.body.data.attributes.flavour]).toEqual([201, flavour]);
    expect(created.body.data.attributes.credentials).not.toHaveProperty("flavour");
    expect((await call("GET", created.body.data.links.self)).body).toEqual(created.body);
  });

  test.each<[string, object, string[]]>([
    ["an unknown setting", { flavor: 1 }, ["/flavor"]],
    ["an unknown class", { errors: { x: "ignore" } }, ["/errors/x"]],
    ["a rule without a class", { errors: { x: [{ text: "y" }] } }, ["/errors/x/0/class"]],
    ["a rest that is no rest", { keepalive_seconds: 59 }, ["/keepalive_seconds"]],
    ["two faults", { zero_means_never: "yes", keepalive_seconds: "1" }, ["/zero_means_never", "/keepalive_seconds"]],
  ])("400 for %s names the setting", async (_, flavour, pointers) => {
    const answer = await call("POST", "/v2/auth-clients", newClient({ attributes: { flavour } }));
    expect([answer.status, faults(answer)]).toEqual([
      400,
      pointers.map((pointer) => `invalid_document /data/attributes/flavour${pointer}`),
    ]);
  });
});

describe("a URI with a client secret in it", () => {
  test.each(["auth_uri", "token_uri", "refresh_token_uri"])("is refused as %s, as URIs are shown", async (member) => {
    const uris = ["client_secret=s", "a=b&client%5Fsecret=s", "ClientSecret=s"].map(
      (query) => `https://p.example.com/?${query}`,
    );
    for (const uri of uris) {
      const answer = await call("POST", "/v2/auth-clients", newClient({ credentials: { [member]: uri } }));
      expect([answer.status, faults(answer)]).toEqual([
        400,
        [`invalid_document /data/attributes/credentials/${member}`],
      ]);
    }
  });
});

describe("PATCH /v2/auth-clients/{id}", () => {
  const patch = (attributes: object, relationships?: object) => ({
    data: { type: "auth-client", attributes, ...(relationships && { relationships }) },
  });

  test("200 changes what is stated and nothing else", async () => {
    const { body } = await call("POST", "/v2/auth-clients", newClient({ credentials: { token_expires_in: 7200 } }));
    const { id, links, attributes } = body.data;
    const components = { data: [{ id: "5a", type: "component" }] };
    const changed = await call(
      "PATCH",
      links.self,
      patch(
        {
          name: "New",
          refresh_lead_seconds: 90,
          refresh_jitter_seconds: 30,
          flavour: { keepalive_seconds: 86400 },
          credentials: { client_secret: "sentinel-new", token_expires_in: null },
        },
        { components },
      ),
    );
    const { token_expires_in: _, ...credentials } = attributes.credentials;
    expect([changed.status, changed.body.data.attributes]).toEqual([
      200,
      {
        ...attributes,
        name: "New",
        refresh_lead_seconds: 90,
        refresh_jitter_seconds: 30,
        flavour: { keepalive_seconds: 86400 },
        credentials,
      },
    ]);
    expect(changed.body.data.relationships).toEqual({ components });
    expect((await call("GET", links.self)).body).toEqual(changed.body);
    expect(await openClient(id)).toMatchObject({ version: 2, credentials: { client_secret: "sentinel-new" } });
  });

  test("200 for the whole resource as it is shown leaves everything as it is", async () => {
    const { contract } = await newTenancy();
    const relationships = {
      contract: { data: { id: contract, type: "contract" } },
      components: { data: [{ id: "5a", type: "component" }] },
    };
    const { body } = await call("POST", "/v2/auth-clients", newClient({ relationships }));
    const answer = await call("PATCH", body.data.links.self, { data: body.data });
    expect([answer.status, answer.body]).toEqual([200, body]);
    expect((await openClient(body.data.id)).credentials).toMatchObject({ client_secret: "sentinel-client-secret" });
  });

  test("409 names everything that cannot change, and changes nothing", async () => {
    const { body } = await call("POST", "/v2/auth-clients", newClient());
    const credentials = { client_id: "another", token_uri: "https://other.example.com/", client_secret: "lost" };
    const answer = await call("PATCH", body.data.links.self, {
      data: { ...patch({ type: "basic", name: "New", credentials }, inWorkspace("w")).data, id: "another" },
    });
    expect([answer.status, faults(answer).toSorted()]).toEqual([
      409,
      [
        "conflict /data/attributes/credentials/client_id",
        "conflict /data/attributes/credentials/token_uri",
        "conflict /data/attributes/type",
        "conflict /data/id",
        "conflict /data/relationships/workspace",
      ],
    ]);
    expect((await call("GET", body.data.links.self)).body).toEqual(body);
  });

  test("400 names every problem at once", async () => {
    const { body } = await call("POST", "/v2/auth-clients", newClient());
    const credentials = { client_secret: "", token_expires_in: 0, more: 1 };
    const answer = await call("PATCH", body.data.links.self, patch({ name: "", colour: 1, credentials }));
    expect([answer.status, faults(answer).toSorted()]).toEqual([
      400,
      [
        "invalid_document /data/attributes/colour",
        "invalid_document /data/attributes/credentials/client_secret",
        "invalid_document /data/attributes/credentials/more",
        "invalid_document /data/attributes/credentials/token_expires_in",
        "invalid_document /data/attributes/name",
      ],
    ]);
  });

  test("makes secrets that stand in client_misconfigured try again at once", async () => {
    const client = await ConnectedClient.create();
    const path = await client.connect(newWorkspace());
    await client.fault({ status: 401, body: '{"error":"invalid_client"}', grant_type: "refresh_token" });
    expect((await call("POST", `${path}/refresh`)).status).toBe(424);
    expect((await call("GET", path)).body.data.attributes.health.status).toBe("client_misconfigured");
    await client.fault(null);
    await call("PATCH", `/v2/auth-clients/${client.id}`, patch({ credentials: { client_secret: "********" } }));
    await eventually(async () => expect(await isDueNow(path)).toBe(true));
    await expectRenewed(path, 2);
  });
});

describe("a client that", () => {
  const vanish = async ({ id }: ConnectedClient) => {
    await env.DB.batch([
      env.DB.prepare("DELETE FROM secrets WHERE auth_client_id = ?").bind(id),
      env.DB.prepare("DELETE FROM auth_clients WHERE id = ?").bind(id),
    ]);
  };

  test("disappears before a refresh leaves the token valid, and the secret says why it is not renewed", async () => {
    const client = await ConnectedClient.create();
    const path = await client.connect(newWorkspace());
    await vanish(client);
    expect(faults(await call("POST", `${path}/refresh`))).toEqual(["client_misconfigured"]);
    const { attributes } = (await call("GET", path)).body.data;
    expect(attributes.health).toMatchObject({ status: "client_misconfigured", reason: "client_gone" });
    expect((await call("GET", `${path}/token`)).status).toBe(200);
    expect(await client.refreshes()).toBe(0);
  });

  test("disappears while its secret refreshes does not take the new token with it", async () => {
    const client = await ConnectedClient.create();
    const path = await client.connect(newWorkspace());
    await client.hold();
    const refresh = call("POST", `${path}/refresh`);
    await client.refreshesAre(1);
    await vanish(client);
    await client.release();
    expect((await refresh).body.data.attributes).toMatchObject({ version: 2, health: { status: "ok" } });
    expect((await call("GET", `${path}/token`)).body.version).toBe(2);
  });

  test("is corrected while the provider refuses it as it was is tried again at once", async () => {
    const client = await ConnectedClient.create();
    const path = await client.connect(newWorkspace());
    await client.hold({ status: 401, body: '{"error":"invalid_client"}' });
    const refresh = call("POST", `${path}/refresh`);
    await client.refreshesAre(1);
    const attributes = { credentials: { client_secret: "********" } };
    await call("PATCH", `/v2/auth-clients/${client.id}`, { data: { type: "auth-client", attributes } });
    await client.release();
    await refresh;
    await eventually(async () => expect(await isDueNow(path)).toBe(true));
    await expectRenewed(path, 2);
    expect(await client.refreshes()).toBe(2);
  });

  test("goes takes along what its consent flows had stored", async () => {
    const client = await ConnectedClient.create();
    const workspace = newWorkspace();
    const { body } = await client.authorize(workspace, { fields: { a: 1 } });
    const find = env.DB.prepare("SELECT secret_id FROM authorizations WHERE id = ?").bind(body.data.id);
    const path = `/v2/workspaces/${workspace}/secrets/${await find.first<string>("secret_id")}`;
    expect(await isStored(path)).toBe(true);
    await call("DELETE", `/v2/auth-clients/${client.id}`);
    await eventually(async () => expect(await isStored(path)).toBe(false));
  });

  test("goes while consent flows start is a client that is not there, not a fault of ours", async () => {
    const client = await ConnectedClient.create();
    const workspace = newWorkspace();
    const starts = Array.from({ length: 8 }, () => client.authorize(workspace));
    const [deleted, ...started] = await Promise.all([call("DELETE", `/v2/auth-clients/${client.id}`), ...starts]);
    expect(deleted.status).toBe(204);
    for (const { status } of started) expect([201, 404]).toContain(status);
  });
});

describe("clients by level", () => {
  const at = (level: string, id: string) => ({ [level]: { data: { id, type: level } } });

  /** A client at each level of one tenancy, and one of another tenant. */
  async function clientsOf() {
    const [mine, other] = [await newTenancy(), await newTenancy()];
    const make = async (relationships: object) =>
      (await call("POST", "/v2/auth-clients", newClient({ relationships }))).body.data.id as string;
    return {
      mine,
      other,
      global: await make({ components: { data: [{ id: mine.tenant, type: "component" }] } }),
      tenant: await make(at("tenant", mine.tenant)),
      contract: await make(at("contract", mine.contract)),
      workspace: await make(at("workspace", mine.workspace)),
      foreign: await make(at("tenant", other.tenant)),
    };
  }

  test("a list holds what can be used in the place that is named", async () => {
    const clients = await clientsOf();
    const { mine } = clients;
    const known = [clients.global, clients.tenant, clients.contract, clients.workspace, clients.foreign];
    const listed = async (query: string) => {
      const { body } = await call("GET", `/v2/auth-clients?page[size]=100&${query}`);
      return body.data.map(({ id }: { id: string }) => id).filter((id: string) => known.includes(id));
    };
    expect(await listed("")).toEqual([clients.global]);
    expect(await listed(`tenant_id=${mine.tenant}`)).toEqual(known.slice(0, 2));
    expect(await listed(`contract_id=${mine.contract}`)).toEqual(known.slice(0, 3));
    expect(await listed(`workspace_id=${mine.workspace}`)).toEqual(known.slice(0, 4));
    expect(await listed(`workspace_id=${mine.workspace}&filter[component]=${mine.tenant}`)).toEqual([clients.global]);
    await call("PATCH", `/v2/auth-clients/${clients.tenant}`, {
      data: { type: "auth-client", attributes: { name: `The CRM of ${mine.tenant}` } },
    });
    expect(await listed(`workspace_id=${mine.workspace}&filter[name]=crm%20OF%20${mine.tenant}`)).toEqual([
      clients.tenant,
    ]);
    expect(await listed(`workspace_id=${newWorkspace()}`)).toEqual([clients.global]);
  });

  test.each(["workspace_id=a&tenant_id=b", "contract_id=a&workspace_id=b"])("400 for %s", async (query) => {
    expect((await call("GET", `/v2/auth-clients?${query}`)).status).toBe(400);
  });

  test.each([
    ["tenants.auth_clients.get", ["global", "tenant"], ["tenant"]],
    ["contracts.auth_clients.get", ["global", "tenant", "contract"], ["contract"]],
    ["workspaces.auth_clients.get", ["global", "tenant", "contract", "workspace"], ["workspace"]],
  ] as const)("%s sees %j, and credentials of %j", async (permission, visible, open) => {
    const clients = await clientsOf();
    const { headers } = await newKey([permission], { level: "tenant", id: clients.mine.tenant });
    const seen: Record<string, string> = {};
    for (const level of ["global", "tenant", "contract", "workspace"] as const) {
      const path = `/v2/auth-clients/${clients[level]}?workspace_id=${clients.mine.workspace}`;
      const { status, body } = await call("GET", path, undefined, headers);
      seen[level] = status === 200 ? ("credentials" in body.data.attributes ? "open" : "closed") : String(status);
    }
    const expected = (level: string) => ((open as readonly string[]).includes(level) ? "open" : "closed");
    expect(seen).toEqual(
      Object.fromEntries(
        ["global", "tenant", "contract", "workspace"].map((level) => [
          level,
          (visible as readonly string[]).includes(level) ? expected(level) : "403",
        ]),
      ),
    );
  });

  test("a workspace's key finds without naming it what can be used there", async () => {
    const clients = await clientsOf();
    const { headers } = await newKey(["workspaces.auth_clients.get", "tenants.auth_clients.get"], {
      level: "workspace",
      id: clients.mine.workspace,
    });
    for (const level of ["global", "tenant", "contract", "workspace"] as const) {
      const { status, body } = await call("GET", `/v2/auth-clients/${clients[level]}`, undefined, headers);
      // The permission of the tenant's level counts for nothing in a workspace.
      expect([status, "credentials" in body.data.attributes]).toEqual([200, level === "workspace"]);
    }
    expect((await call("GET", `/v2/auth-clients/${clients.foreign}`, undefined, headers)).status).toBe(404);
  });

  test("a tenant's client makes secrets in all of its workspaces, and in no other", async () => {
    const clients = await clientsOf();
    const create = (workspace: string, client: string) =>
      call("POST", `/v2/workspaces/${workspace}/secrets`, {
        data: {
          type: "auth-secret",
          attributes: { name: "x", credentials: { access_token: "t" } },
          relationships: { auth_client: { data: { id: client, type: "auth-client" } } },
        },
      });
    expect((await create(clients.mine.workspace, clients.tenant)).status).toBe(201);
    expect((await create(clients.mine.workspace, clients.contract)).status).toBe(201);
    expect((await create(clients.other.workspace, clients.tenant)).status).toBe(404);
    expect((await create(newWorkspace(), clients.tenant)).status).toBe(404);
  });

  test("one that does not open says so in a list, and the others are there", async () => {
    const clients = await clientsOf();
    await env.DB.prepare("UPDATE auth_clients SET credentials = 'broken' WHERE id = ?").bind(clients.tenant).run();
    const { status, body } = await call("GET", `/v2/auth-clients?workspace_id=${clients.mine.workspace}`);
    const entry = body.data.find(({ id }: { id: string }) => id === clients.tenant);
    expect([status, entry.meta]).toEqual([200, { code: "storage_integrity" }]);
    expect(body.data.find(({ id }: { id: string }) => id === clients.contract).attributes.credentials).toBeDefined();
  });
});

describe("DELETE /v2/auth-clients/{id}", () => {
  test("204, and then it is gone", async () => {
    const { body } = await call("POST", "/v2/auth-clients", newClient());
    const { self } = body.data.links;
    expect((await call("DELETE", self)).status).toBe(204);
    expect((await call("GET", self)).status).toBe(404);
    expect((await call("DELETE", self)).status).toBe(404);
  });

  test("409 with the count while secrets are attached", async () => {
    const client = await ConnectedClient.create();
    const path = await client.connect(newWorkspace());
    const answer = await call("DELETE", `/v2/auth-clients/${client.id}`);
    expect([answer.status, faults(answer)]).toEqual([409, ["conflict"]]);
    expect(answer.body.errors[0].detail).toContain("1 secret");
    await call("DELETE", path);
    expect((await call("DELETE", `/v2/auth-clients/${client.id}`)).status).toBe(204);
  });

  test("ends the consent flows that are under way", async () => {
    const client = await ConnectedClient.create();
    const { body } = await client.authorize(newWorkspace());
    await call("DELETE", `/v2/auth-clients/${client.id}`);
    const opened = await call("GET", new URL(body.data.attributes.connect_url).pathname);
    expect(opened.headers.get("location")).toMatch(/^\/connect\/ended\?outcome=unknown_link&request=[\w-]{36}$/);
  });
});

describe("a client that may be used nowhere else", () => {
  test("is not found from another workspace", async () => {
    const { body } = await call("POST", "/v2/auth-clients", newClient({ relationships: inWorkspace(newWorkspace()) }));
    const answer = await call("POST", `/v2/workspaces/${newWorkspace()}/secrets`, {
      data: {
        type: "auth-secret",
        attributes: { name: "x", credentials: { access_token: "t" } },
        relationships: { auth_client: { data: { id: body.data.id, type: "auth-client" } } },
      },
    });
    expect([answer.status, faults(answer)]).toEqual([404, ["not_found /data/relationships/auth_client/data/id"]]);
  });
});

async function countClients(): Promise<number> {
  return (await env.DB.prepare("SELECT count(*) AS clients FROM auth_clients").first<number>("clients")) ?? 0;
}

/** Opens a client as it is stored. */
async function openClient(id: string): Promise<AuthClient> {
  const stored = await findAuthClient(env.DB, id as AuthClientId);
  if (stored === null) throw new Error("There is no such client.");
  return await openAuthClient(settingsOf(env).cipher, stored);
}

async function isStored(path: string): Promise<boolean> {
  return await runInDurableObject(actorOf(path), (_, { storage }) => storage.kv.get("record") !== undefined);
}

async function isDueNow(path: string): Promise<boolean> {
  const alarm = await runInDurableObject(actorOf(path), (_, { storage }) => storage.getAlarm());
  return alarm === null || alarm <= Date.now() + 1000;
}

/** Where a token read finds its token, what it asks of others for it, and what makes a copy go away. */

import { env } from "cloudflare:workers";
import { decodeProtectedHeader } from "jose";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { settingsOf } from "../../src/bindings.ts";
import { SecretActor } from "../../src/secret-actor/actor.ts";
import { call, ConnectedClient, newBrowser, newWorkspace } from "../support/api.ts";
import { travelTo } from "../support/clock.ts";
import { eventually } from "../support/eventually.ts";
import { newKey, newTenancy } from "../support/keys.ts";
import { signInAndConsent } from "../support/user-agent.ts";
import { WatchedWorker } from "../support/watched-worker.ts";

const SECOND = 1000;
/** Longer than a copy is in memory, and shorter than in the data centre. */
const PAST_MEMORY = 6 * SECOND;

const LINEAGE = expect.stringContaining("FROM places");

let worker: WatchedWorker;

beforeEach(() => {
  worker = new WatchedWorker();
});

/** A secret with an account at the provider. */
async function connected(settings: object = {}) {
  const client = await ConnectedClient.create({}, {}, settings);
  const workspace = newWorkspace();
  return { client, workspace, path: await client.connect(workspace) };
}

/** A secret with a token in hand. */
async function imported(credentials: object, attributes: object = {}): Promise<string> {
  const client = await ConnectedClient.create({}, {}, attributes);
  const { status, body } = await call("POST", `/v2/workspaces/${newWorkspace()}/secrets`, {
    data: {
      type: "auth-secret",
      attributes: { name: "Imported", credentials: { access_token: "sentinel-access", ...credentials } },
      relationships: client.relationships,
    },
  });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body.data.links.self;
}

/** What the data centre's cache holds for a secret. */
async function atEdge(path: string): Promise<{ name: string; copy: string | undefined }> {
  const name = await settingsOf(env).copyNames([...identityOf(path), "token-copy"]);
  const cache = await caches.open("token-copies");
  const found = await cache.match(`https://token-copies.invalid/${name}`);
  return { name, copy: await found?.text() };
}

function identityOf(path: string): string[] {
  const [, , , workspace = "", , id = ""] = path.split("/");
  return ["workspace", workspace, "auth-secret", id];
}

const froms = (answers: { from: string | null }[]) => answers.map(({ from }) => from);

describe("a token read", () => {
  test("comes from the actor, then from memory, and from the data centre when memory has forgotten", async () => {
    const path = await imported({});
    const origin = await worker.read(path);
    const memory = await worker.read(path);
    travelTo(Date.now() + PAST_MEMORY);
    const edge = await worker.read(path);
    const again = await worker.read(path);
    expect(froms([origin, memory, edge, again])).toEqual(["origin", "memory", "edge", "memory"]);
    for (const { body } of [memory, edge, again]) expect(body).toEqual({ ...origin.body, expires_in: body.expires_in });
  });

  test("from memory asks nobody anything, whatever the scope of the caller", async () => {
    const { tenant, contract, workspace } = await newTenancy();
    const client = await ConnectedClient.create();
    const path = await client.connect(workspace);
    const permissions = ["workspaces.auth_secret.get_credentials"];
    const keys = await Promise.all([
      newKey(permissions, { level: "workspace", id: workspace }),
      newKey(permissions, { level: "contract", id: contract }),
      newKey(permissions, { level: "tenant", id: tenant }),
      newKey(permissions),
    ]);
    for (const { headers } of keys) {
      await worker.read(path, headers);
      const [{ status, from }, asked] = await worker.askedBy(() => worker.read(path, headers));
      expect([status, from, asked]).toEqual([200, "memory", []]);
    }
  });

  test("from the data centre costs one look-up there and one opening, no query and no call", async () => {
    const path = await imported({});
    await worker.read(path);
    travelTo(Date.now() + PAST_MEMORY);
    const match = vi.spyOn(Cache.prototype, "match");
    const decrypt = vi.spyOn(crypto.subtle, "decrypt");
    const [{ from }, asked] = await worker.askedBy(() => worker.read(path));
    expect([from, asked, match.mock.calls.length, decrypt.mock.calls.length]).toEqual(["edge", [], 1, 1]);
  });

  test("from the actor costs one call and no query", async () => {
    const path = await imported({});
    await worker.read(path);
    const [{ from }, asked] = await worker.askedBy(() => worker.read(path, { "cache-control": "max-age=3, No-Cache" }));
    expect([from, asked]).toEqual(["origin", ["readToken"]]);
  });

  test("comes from the actor as text, and from one of before as an object", async () => {
    const path = await imported({});
    const spy = vi.spyOn(SecretActor.prototype, "readToken");
    const asText = await worker.read(path, { "cache-control": "no-cache" });
    const text = await spy.mock.results[0]?.value;
    expect(text).toBeTypeOf("string");
    spy.mockImplementation(async () => JSON.parse(text as string));
    const asObject = await worker.read(path, { "cache-control": "no-cache" });
    expect(await spy.mock.results[1]?.value).toBeTypeOf("object");
    expect([asObject.status, asObject.from, asObject.body.access_token]).toEqual([
      200,
      "origin",
      asText.body.access_token,
    ]);
  });

  test("shares one call, and one look-up of the workspace, with all who ask in this isolate meanwhile", async () => {
    const path = await imported({});
    await worker.send("GET", "/v2/providers");
    const held = Promise.withResolvers<void>();
    worker.beforeAnswer = () => held.promise;
    const [answers, asked] = await worker.askedBy(async () => {
      const reads = Array.from({ length: 100 }, () => worker.read(path));
      await eventually(() => expect(worker.asked).toContain("readToken"));
      held.resolve();
      return await Promise.all(reads);
    });
    expect(asked).toEqual([LINEAGE, "readToken"]);
    expect(new Set(answers.map(({ status, from }) => `${status} ${from}`))).toEqual(new Set(["200 origin"]));
  });

  test("shares a failure likewise, and remembers none", async () => {
    const path = `/v2/workspaces/${newWorkspace()}/secrets/${crypto.randomUUID()}`;
    await worker.send("GET", "/v2/providers");
    const held = Promise.withResolvers<void>();
    worker.beforeAnswer = () => held.promise;
    const [answers, asked] = await worker.askedBy(async () => {
      const reads = [worker.read(path), worker.read(path)];
      await eventually(() => expect(worker.asked).toContain("readToken"));
      held.resolve();
      return await Promise.all(reads);
    });
    expect([answers.map(({ status }) => status), asked]).toEqual([
      [404, 404],
      [LINEAGE, "readToken"],
    ]);
    expect((await worker.askedBy(() => worker.read(path)))[1]).toEqual(["readToken"]);
  });

  test("answers 304 from memory to whoever has the version", async () => {
    const path = await imported({});
    await worker.read(path);
    const { status, from, headers, body } = await worker.read(path, { "if-none-match": 'W/"1"' });
    expect([status, from, headers.get("etag"), body]).toEqual([304, "memory", '"1"', null]);
  });

  test("has a copy with `min_ttl` only where that much is left", async () => {
    const path = await imported({ expires_in: 300 });
    await worker.read(path);
    expect((await worker.read(path, {}, "?min_ttl=200")).from).toBe("memory");
    const [short, asked] = await worker.askedBy(() => worker.read(path, {}, "?min_ttl=400"));
    expect([short.from, short.body.health, asked]).toEqual(["origin", "degraded", ["readToken"]]);
  });

  test.each([
    ["a basic secret", "basic", { username: "u", password: "p" }, { Authorization: "Basic dTpw" }],
    ["an API key", "api_key", { headerName: "x-key", headerValue: "v" }, { "x-key": "v" }],
  ])("of %s comes from copies too", async (_, type, credentials, headers) => {
    const { body } = await call("POST", "/v2/auth-clients", {
      data: { type: "auth-client", attributes: { type, name: "Plain", credentials: {} } },
    });
    const created = await call("POST", `/v2/workspaces/${newWorkspace()}/secrets`, {
      data: {
        type: "auth-secret",
        attributes: { name: "Plain", credentials },
        relationships: { auth_client: { data: { id: body.data.id, type: "auth-client" } } },
      },
    });
    const path = created.body.data.links.self;
    expect((await worker.read(path)).body).toEqual({ type, version: 1, headers });
    expect((await worker.read(path)).body).toEqual({ type, version: 1, headers });
    expect((await worker.read(path, {}, "?min_ttl=3600")).from).toBe("memory");
  });
});

describe("a copy", () => {
  test("is for nobody who may not have it (SECURITY 19)", async () => {
    const path = await imported({});
    const [, workspace = ""] = identityOf(path);
    await worker.read(path);
    const mine = { level: "workspace", id: workspace } as const;
    const lacking = await newKey(["workspaces.auth_secret.get"], mine);
    const foreign = await newKey(["workspaces.auth_secret.get_credentials"], { ...mine, id: newWorkspace() });
    const statuses = [lacking.headers, foreign.headers, { authorization: "Bearer x" }, { authorization: "" }].map(
      async (headers) => (await worker.read(path, headers)).status,
    );
    expect(await Promise.all(statuses)).toEqual([403, 404, 401, 401]);
    expect((await worker.read(path)).from).toBe("memory");
  });

  test("in the data centre is sealed, under a name that says nothing (SECURITY 12)", async () => {
    const path = await imported({});
    await worker.read(path);
    const { name, copy } = await atEdge(path);
    expect(name).toMatch(/^[\w-]{43}$/);
    expect(copy).toMatch(/^[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+$/);
    const { kid, record } = decodeProtectedHeader(copy ?? "");
    expect([kid, record]).toEqual(["test", [...identityOf(path), "token-copy"].join("/")]);
    expect(copy).not.toContain(btoa("sentinel-access").slice(0, 12));
  });

  test("that was moved to another secret's name does not open, and the actor is asked (SECURITY 12)", async () => {
    const [mine, other] = [await imported({ access_token: "mine" }), await imported({ access_token: "another" })];
    await worker.read(mine);
    await worker.read(other);
    const cache = await caches.open("token-copies");
    const moved = new Response((await atEdge(other)).copy, { headers: { "cache-control": "max-age=30" } });
    await cache.put(`https://token-copies.invalid/${(await atEdge(mine)).name}`, moved);
    travelTo(Date.now() + PAST_MEMORY);
    const { from, body } = await worker.read(mine);
    expect([from, body.access_token]).toEqual(["origin", "mine"]);
  });

  test("never outlives EDGE_CACHE_SECONDS", async () => {
    const path = await imported({ expires_in: 3600 });
    await worker.read(path);
    const start = Date.now();
    travelTo(start + 29 * SECOND);
    expect((await worker.read(path)).from).toBe("edge");
    travelTo(start + 31 * SECOND);
    expect((await worker.read(path)).from).toBe("origin");
  });

  test("never outlives the moment at which a refresh is due", async () => {
    const path = await imported({ expires_in: 20, refresh_token: "r" });
    await worker.read(path);
    const due = Date.parse((await call("GET", path)).body.data.attributes.health.next_refresh_at);
    travelTo(due - 2 * SECOND);
    expect(froms([await worker.read(path), await worker.read(path)])).toEqual(["edge", "memory"]);
    travelTo(due + SECOND);
    expect((await worker.read(path)).from).toBe("origin");
  });

  test.each([
    ["EDGE_CACHE_SECONDS=0", { EDGE_CACHE_SECONDS: "0" }, {}],
    ["the client's flavour", {}, { flavour: { edge_cache: false } }],
  ])("is not kept with %s", async (_, settings, attributes) => {
    const path = await imported({}, attributes);
    worker = new WatchedWorker(settings);
    const put = vi.spyOn(Cache.prototype, "put");
    expect(froms([await worker.read(path), await worker.read(path)])).toEqual(["origin", "origin"]);
    expect(put).not.toHaveBeenCalled();
  });

  test("is not needed: a data centre without a cache is no failure", async () => {
    const path = await imported({});
    vi.spyOn(caches, "open").mockRejectedValue(new Error("no cache here"));
    const before = await worker.read(path);
    travelTo(Date.now() + PAST_MEMORY);
    expect(froms([before, await worker.read(path)])).toEqual(["origin", "origin"]);
  });

  test.each(["-1", "3601", "soon", "1.5"])("is kept for no EDGE_CACHE_SECONDS=%s", async (EDGE_CACHE_SECONDS) => {
    const answer = await new WatchedWorker({ EDGE_CACHE_SECONDS }).send("GET", "/v2/providers");
    expect([answer.status, answer.body.errors[0].code]).toEqual([500, "internal"]);
  });
});

describe("a change that is made here is seen here at once:", () => {
  /** Reads until copies are in memory and in the data centre, changes something, and reads as two other isolates would. */
  async function around(path: string, change: () => Promise<unknown>) {
    await worker.read(path);
    expect((await worker.read(path)).from).toBe("memory");
    expect((await atEdge(path)).copy).toBeDefined();
    await change();
    expect((await atEdge(path)).copy).toBeUndefined();
    return await worker.read(path);
  }

  test("a refresh", async () => {
    const { path } = await connected();
    const { from, body } = await around(path, () => call("POST", `${path}/refresh`));
    expect([from, body.version]).toEqual(["origin", 2]);
  });

  test("new credentials", async () => {
    const path = await imported({});
    const attributes = { credentials: { access_token: "the-new-one" } };
    const change = () => call("PATCH", path, { data: { type: "auth-secret", attributes } });
    const { from, body } = await around(path, change);
    expect([from, body.access_token]).toEqual(["origin", "the-new-one"]);
  });

  test("a deletion (SECURITY 16)", async () => {
    const path = await imported({});
    expect((await around(path, () => call("DELETE", path))).status).toBe(404);
  });

  test("the deletion of everything around it (SECURITY 16)", async () => {
    const { tenant, workspace } = await newTenancy();
    const path = await (await ConnectedClient.create()).connect(workspace);
    const answer = await around(path, () => worker.send("DELETE", `/v2/tenants/${tenant}`));
    expect(answer.status).toBe(404);
  });

  test("a renewed consent", async () => {
    const { client, workspace, path } = await connected();
    const secret = { secret: { data: { id: path.split("/").at(-1), type: "auth-secret" } } };
    const { from, body } = await around(path, async () => {
      const flow = await client.authorize(workspace, {}, secret);
      await signInAndConsent(newBrowser(), flow.body.data.attributes.connect_url);
    });
    expect([from, body.version]).toEqual(["origin", 2]);
  });

  test("a renewal that another caller's `min_ttl` asked for", async () => {
    const { path } = await connected();
    await worker.read(path);
    const left = (await worker.read(path)).body.expires_in;
    travelTo(Date.now() + 120 * SECOND);
    await call("GET", `${path}/token?min_ttl=${left - 30}`);
    expect((await worker.read(path)).body.version).toBe(2);
  });

  test("what was looked up before it is not kept after it", async () => {
    const { path } = await connected();
    const held = Promise.withResolvers<void>();
    worker.beforeAnswer = () => held.promise;
    const early = worker.read(path);
    await eventually(() => expect(worker.asked).toContain("readToken"));
    worker.beforeAnswer = () => Promise.resolve();
    await call("POST", `${path}/refresh`);
    const late = await worker.read(path);
    held.resolve();
    expect([(await early).body.version, late.body.version]).toEqual([1, 2]);
    const after = await worker.read(path);
    expect([after.from, after.body.version]).toEqual(["memory", 2]);
    travelTo(Date.now() + PAST_MEMORY);
    expect((await worker.read(path)).body.version).toBe(2);
  });

  test("a copy that the data centre still has while it is being dropped is not taken", async () => {
    const { path } = await connected();
    await worker.read(path);
    const held = Promise.withResolvers<boolean>();
    const deleting = vi.spyOn(Cache.prototype, "delete").mockReturnValue(held.promise);
    const change = call("POST", `${path}/refresh`);
    await eventually(() => expect(deleting).toHaveBeenCalled());
    expect((await atEdge(path)).copy).toBeDefined();
    const during = await worker.read(path);
    held.resolve(true);
    await change;
    const after = await worker.read(path);
    expect([during, after].map(({ from, body }) => [from, body.version])).toEqual([
      ["origin", 2],
      [expect.stringMatching(/memory|origin/), 2],
    ]);
  });

  test("a reader who takes no copy leaves the newer version for those who do", async () => {
    const { path } = await connected();
    await worker.read(path);
    const { copy } = await atEdge(path);
    await call("POST", `${path}/refresh`);
    await worker.read(path, { "cache-control": "no-cache" });
    expect((await atEdge(path)).copy).not.toBe(copy);
    const { from, body } = await worker.read(path);
    expect([from, body.version]).toEqual(["memory", 2]);
  });

  test("a copy for the data centre that was on its way then does not arrive", async () => {
    const { path } = await connected();
    const cache = await caches.open("token-copies");
    const held = Promise.withResolvers<void>();
    const putting = vi.spyOn(Cache.prototype, "put").mockImplementationOnce(async (...copy) => {
      await held.promise;
      await cache.put(...copy);
    });
    const early = worker.read(path);
    await eventually(() => expect(putting).toHaveBeenCalled());
    await call("POST", `${path}/refresh`);
    held.resolve();
    await early;
    expect((await atEdge(path)).copy).toBeUndefined();
  });
});

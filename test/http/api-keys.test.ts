/** `/v2/api-keys`: made, shown once, listed, used, revoked. */

import { env, exports } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { call, faults, newWorkspace, ORIGIN } from "../support/api.ts";
import { travelTo } from "../support/clock.ts";
import { eventually } from "../support/eventually.ts";
import { newKey, newTenancy } from "../support/keys.ts";

const LIST = "/v2/auth-clients";
const GET = "global.auth_clients.get";

const basic = (user: string, key: string) => ({ authorization: `Basic ${btoa(`${user}:${key}`)}` });
const keyDocument = (attributes: object, relationships: object = {}) => ({
  data: { type: "api-key", attributes: { name: "k", permissions: [], ...attributes }, relationships },
});

describe("POST /v2/api-keys", () => {
  test("201 shows the key, once", async () => {
    const { workspace } = await newTenancy();
    const relationships = { workspace: { data: { id: workspace, type: "workspace" } } };
    const expires_at = "2099-01-01T00:00:00Z";
    const made = await call(
      "POST",
      "/v2/api-keys",
      keyDocument({ email: "anna@example.com", permissions: [GET, GET], expires_at }, relationships),
    );
    expect(made.status).toBe(201);
    const { id, attributes } = made.body.data;
    expect(attributes).toEqual({
      key: expect.stringMatching(/^esk_[0-9a-f-]{36}_[A-Za-z0-9_-]{43}$/),
      name: "k",
      email: "anna@example.com",
      permissions: [GET],
      created_at: expect.stringMatching(/Z$/),
      expires_at,
      last_used_at: null,
    });
    expect(attributes.key).toContain(id);
    expect(made.body.data.relationships.workspace.data).toEqual({ id: workspace, type: "workspace" });

    const listed = await call("GET", `/v2/api-keys?workspace_id=${workspace}`);
    expect(listed.body.data).toHaveLength(1);
    const { key: _, ...others } = attributes;
    expect(listed.body.data[0].attributes).toEqual(others);
  });

  test("stores nothing that opens anything", async () => {
    const { key } = await newKey([GET]);
    const { results } = await env.DB.prepare("SELECT * FROM api_keys").all();
    expect(JSON.stringify(results)).not.toContain(key.slice(-43));
  });

  test("400 names every problem at once", async () => {
    const document = keyDocument(
      { email: "no email", permissions: ["workspaces.everything"], expires_at: "2020-01-01T00:00:00Z", colour: 1 },
      {
        tenant: { data: { id: "t", type: "tenant" } },
        workspace: { data: { id: "w", type: "workspace" } },
      },
    );
    const answer = await call("POST", "/v2/api-keys", document);
    expect([answer.status, faults(answer).toSorted()]).toEqual([
      400,
      [
        "invalid_document /data/attributes/colour",
        "invalid_document /data/attributes/email",
        "invalid_document /data/attributes/expires_at",
        "invalid_document /data/attributes/permissions/0",
        "invalid_document /data/relationships/tenant",
      ],
    ]);
  });

  test("404 for a contract that is not there", async () => {
    const relationships = { contract: { data: { id: "nowhere", type: "contract" } } };
    const answer = await call("POST", "/v2/api-keys", keyDocument({}, relationships));
    expect([answer.status, faults(answer)]).toEqual([404, ["not_found /data/relationships/contract/data/id"]]);
  });

  test("a key with an end makes none that ends later (SECURITY 17)", async () => {
    // Answers show whole seconds.
    const after = (seconds: number) => `${new Date(Date.now() + seconds * 1000).toISOString().slice(0, 19)}Z`;
    const [sooner, expires_at] = [after(50), after(60)];
    const giver = await newKey(["global.api_keys.create"], undefined, { expires_at });
    const make = async (attributes: object) =>
      await call("POST", "/v2/api-keys", keyDocument(attributes), giver.headers);
    expect((await make({})).body.data.attributes.expires_at).toBe(expires_at);
    expect((await make({ expires_at: sooner })).body.data.attributes.expires_at).toBe(sooner);
    const later = await make({ expires_at: after(70) });
    expect([later.status, faults(later)]).toEqual([403, ["forbidden /data/attributes/expires_at"]]);
  });

  test("403 for permissions that the giver lacks, each with its place", async () => {
    const { tenant, contract } = await newTenancy();
    const giver = await newKey(["contracts.api_keys.create", GET], { level: "tenant", id: tenant });
    const relationships = { contract: { data: { id: contract, type: "contract" } } };
    const permissions = [GET, "contracts.auth_clients.get", "workspaces.auth_secret.get"];
    const answer = await call("POST", "/v2/api-keys", keyDocument({ permissions }, relationships), giver.headers);
    expect([answer.status, faults(answer)]).toEqual([
      403,
      ["forbidden /data/attributes/permissions/1", "forbidden /data/attributes/permissions/2"],
    ]);
    expect(
      (await call("POST", "/v2/api-keys", keyDocument({ permissions: [GET] }, relationships), giver.headers)).status,
    ).toBe(201);
  });

  test("nobody gives a scope that is wider than theirs, or another's", async () => {
    const [mine, other] = [await newTenancy(), await newTenancy()];
    const all = ["global", "tenants", "contracts", "workspaces"].map((level) => `${level}.api_keys.create`);
    const giver = await newKey(all, { level: "tenant", id: mine.tenant });
    const give = async (level: string, id: string) =>
      (await call("POST", "/v2/api-keys", keyDocument({}, { [level]: { data: { id, type: level } } }), giver.headers))
        .status;
    expect((await call("POST", "/v2/api-keys", keyDocument({}), giver.headers)).status).toBe(403);
    expect(await give("tenant", mine.tenant)).toBe(201);
    expect(await give("workspace", mine.workspace)).toBe(201);
    expect(await give("tenant", other.tenant)).toBe(404);
    expect(await give("workspace", other.workspace)).toBe(404);
    expect(await give("workspace", newWorkspace())).toBe(404);
  });
});

describe("a key", () => {
  test("is taken as Bearer, or as the password of Basic with any user when it has no email", async () => {
    const { key, headers: bearer } = await newKey([GET]);
    for (const headers of [bearer, basic("anybody", key), basic("", key)]) {
      expect((await call("GET", LIST, undefined, headers)).status).toBe(200);
    }
  });

  test("with an email is taken with that user alone, however it is written", async () => {
    const { key } = await newKey([GET], undefined, { email: "Anna@Example.com" });
    expect((await call("GET", LIST, undefined, basic("anna@example.com", key))).status).toBe(200);
    expect((await call("GET", LIST, undefined, { authorization: `Bearer ${key}` })).status).toBe(200);
    for (const user of ["", "bob@example.com", "anna@example.com "]) {
      const answer = await call("GET", LIST, undefined, basic(user, key));
      expect([answer.status, faults(answer)]).toEqual([401, ["unauthenticated"]]);
    }
  });

  test("is nobody's with another random part, or the id of another key (SECURITY 21)", async () => {
    const [one, other] = [await newKey([GET]), await newKey([GET])];
    const wrong = [`${one.key.slice(0, -1)}${one.key.endsWith("A") ? "B" : "A"}`, one.key.replace(one.id, other.id)];
    for (const key of [...wrong, one.key.slice(4), `${one.key}x`, `esk_${crypto.randomUUID()}_${"A".repeat(43)}`]) {
      expect((await call("GET", LIST, undefined, { authorization: `Bearer ${key}` })).status).toBe(401);
    }
  });

  test("ends with its expiry", async () => {
    const expires_at = new Date(Date.now() + 60_000).toISOString();
    const holder = await newKey([GET], undefined, { expires_at });
    expect((await call("GET", LIST, undefined, holder.headers)).status).toBe(200);
    travelTo(Date.parse(expires_at));
    expect((await call("GET", LIST, undefined, holder.headers)).status).toBe(401);
  });

  test("says to the minute when it was last used", async () => {
    const { workspace } = await newTenancy();
    const holder = await newKey(["workspaces.api_keys.get"], { level: "workspace", id: workspace });
    const lastUsed = async () =>
      (await call("GET", "/v2/api-keys", undefined, holder.headers)).body.data[0].attributes.last_used_at as
        string | null;
    await eventually(async () => expect(await lastUsed()).toMatch(/:00Z$/));
    const first = await lastUsed();
    travelTo(Date.now() + 120_000);
    await eventually(async () => expect(await lastUsed()).not.toBe(first));
    expect(await lastUsed()).toMatch(/:00Z$/);
  });

  test("reaches the workspace of its scope and nothing else", async () => {
    const [mine, other] = [newWorkspace(), newWorkspace()];
    const holder = await newKey(["workspaces.auth_secret.get"], { level: "workspace", id: mine });
    expect((await call("GET", `/v2/workspaces/${mine}/secrets`, undefined, holder.headers)).status).toBe(200);
    const answer = await call("GET", `/v2/workspaces/${other}/secrets`, undefined, holder.headers);
    expect([answer.status, faults(answer)]).toEqual([404, ["not_found"]]);
  });

  test("stands in the log by its id alone", async () => {
    const { key, headers, id } = await newKey([GET]);
    const lines: string[] = [];
    const log = console.log;
    console.log = (line: string) => lines.push(line);
    try {
      await exports.default.fetch(new Request(ORIGIN + LIST, { headers }));
    } finally {
      console.log = log;
    }
    expect(lines.join()).toContain(`"principal":"key:${id}"`);
    expect(lines.join()).not.toContain(key.slice(-43));
  });
});

describe("GET /v2/api-keys", () => {
  test("200 holds what lies in the caller's scope, at the levels that they may see", async () => {
    const [mine, other] = [await newTenancy(), await newTenancy()];
    const at = (level: "tenant" | "contract" | "workspace") => ({ level, id: mine[level] });
    const [forTenant, forContract, forWorkspace] = [
      await newKey([], at("tenant")),
      await newKey([], at("contract")),
      await newKey([], at("workspace")),
    ];
    await newKey([], { level: "workspace", id: other.workspace });
    const idsSeenBy = async (permissions: string[], place: ReturnType<typeof at>, query = "") => {
      const viewer = await newKey(permissions, place);
      const { body } = await call("GET", `/v2/api-keys${query}`, undefined, viewer.headers);
      return body.data.map(({ id }: { id: string }) => id).filter((id: string) => id !== viewer.id);
    };
    const all = ["tenants.api_keys.get", "contracts.api_keys.get", "workspaces.api_keys.get"];
    expect(await idsSeenBy(all, at("tenant"))).toEqual(
      expect.arrayContaining([forTenant.id, forContract.id, forWorkspace.id]),
    );
    expect(await idsSeenBy(["workspaces.api_keys.get"], at("tenant"))).toEqual([forWorkspace.id]);
    expect(await idsSeenBy(["contracts.api_keys.get"], at("contract"))).toEqual([forContract.id]);
    expect(await idsSeenBy(all, at("tenant"), `?workspace_id=${mine.workspace}`)).toEqual([forWorkspace.id]);
  });

  test("403 when no permission reaches what lies there", async () => {
    const { workspace } = await newTenancy();
    const viewer = await newKey(["global.api_keys.get"]);
    const answer = await call("GET", `/v2/api-keys?workspace_id=${workspace}`, undefined, viewer.headers);
    expect([answer.status, answer.body.errors[0].detail]).toEqual([
      403,
      "This needs the permission workspaces.api_keys.get.",
    ]);
  });

  test("400 for two places at once", async () => {
    const answer = await call("GET", "/v2/api-keys?workspace_id=a&tenant_id=b");
    expect([answer.status, faults(answer)]).toEqual([400, ["invalid_document tenant_id"]]);
  });
});

describe("DELETE /v2/api-keys/{id}", () => {
  test("204, and then the key opens nothing", async () => {
    const holder = await newKey([GET]);
    expect((await call("DELETE", `/v2/api-keys/${holder.id}`)).status).toBe(204);
    expect((await call("GET", LIST, undefined, holder.headers)).status).toBe(401);
    expect((await call("DELETE", `/v2/api-keys/${holder.id}`)).status).toBe(404);
  });

  test("404 for a key of another tenant", async () => {
    const [mine, other] = [await newTenancy(), await newTenancy()];
    const foreign = await newKey([], { level: "workspace", id: other.workspace });
    const caller = await newKey(["workspaces.api_keys.delete"], { level: "tenant", id: mine.tenant });
    expect((await call("DELETE", `/v2/api-keys/${foreign.id}`, undefined, caller.headers)).status).toBe(404);
  });
});

/** `/v2/tenants`, `/v2/contracts`, `/v2/workspaces`: made with ids of the platform's own, listed, read; who may take which id. */

import { describe, expect, test } from "vitest";
import { type Answer, call, ConnectedClient, faults, newWorkspace } from "../support/api.ts";
import { newKey, newPlace, newTenancy } from "../support/keys.ts";

type Level = "tenant" | "contract" | "workspace";

const LEVELS: [level: Level, parent: "tenant" | "contract" | null][] = [
  ["tenant", null],
  ["contract", "tenant"],
  ["workspace", "contract"],
];
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const anId = () => `id-${crypto.randomUUID()}`;
const related = (type: string, id: string) => ({ [type]: { data: { id, type } } });

async function post(level: Level, data: object, headers: Record<string, string> = {}): Promise<Answer> {
  return await call(
    "POST",
    `/v2/${level}s`,
    { data: { type: level, attributes: { name: "A place" }, ...data } },
    headers,
  );
}

/** The relationship that a new place of this level needs. */
async function around(parent: "tenant" | "contract" | null): Promise<Record<string, { data: { id: string } }>> {
  if (parent === null) return {};
  return related(parent, (await newTenancy())[parent]);
}

function idsOf({ body }: Answer): string[] {
  return body.data.map(({ id }: { id: string }) => id);
}

describe.each(LEVELS)("POST /v2/%ss", (level, parent) => {
  test("201 with an id of the caller's own", async () => {
    const [id, relationships] = [anId(), await around(parent)];
    const { status, body } = await post(level, { id, relationships });
    expect(status).toBe(201);
    const shown = Object.entries(relationships).map(([name, { data }]) => [
      name,
      { data, links: { self: `/v2/${name}s/${data.id}` } },
    ]);
    expect(body.data).toEqual({
      id,
      type: level,
      attributes: { name: "A place", created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) },
      relationships: Object.fromEntries(shown),
      links: { self: `/v2/${level}s/${id}` },
    });
    expect((await call("GET", body.data.links.self)).body).toEqual(body);
  });

  test("201 without one makes a UUID", async () => {
    const { status, body } = await post(level, { relationships: await around(parent) });
    expect(status).toBe(201);
    expect(body.data.id).toMatch(UUID);
    expect((await call("GET", body.data.links.self)).status).toBe(200);
  });

  test("201 with a slash at the end of the path", async () => {
    const data = { type: level, attributes: { name: "x" }, relationships: await around(parent) };
    const { status, body } = await call("POST", `/v2/${level}s/`, { data });
    expect(status).toBe(201);
    expect((await call("GET", `${body.data.links.self}/`)).status).toBe(200);
  });

  test("409 for an id that is taken, whoever has it", async () => {
    const id = anId();
    expect((await post(level, { id, relationships: await around(parent) })).status).toBe(201);
    const answer = await post(level, { id, relationships: await around(parent) });
    expect([answer.status, faults(answer)]).toEqual([409, ["conflict /data/id"]]);
  });

  test.each(["", "a b", "a/b", "ä", "x".repeat(65), 5])("400 for the id %j", async (id) => {
    const answer = await post(level, { id, relationships: await around(parent) });
    expect([answer.status, faults(answer)]).toEqual([400, ["invalid_document /data/id"]]);
  });

  test("400 names every problem at once", async () => {
    const data = { type: "x", id: "a b", attributes: { name: "", more: 1 }, relationships: { user: {} } };
    const answer = await call("POST", `/v2/${level}s`, { data });
    expect(answer.status).toBe(400);
    expect(faults(answer).toSorted()).toEqual([
      "invalid_document /data/attributes/more",
      "invalid_document /data/attributes/name",
      "invalid_document /data/id",
      ...(parent === null ? [] : [`invalid_document /data/relationships/${parent}`]),
      "invalid_document /data/relationships/user",
      "invalid_document /data/type",
    ]);
  });

  test("403 without the permission", async () => {
    const { headers } = await newKey(["workspaces.auth_secret.get"]);
    expect((await post(level, { relationships: await around(parent) }, headers)).status).toBe(403);
  });
});

describe.each(LEVELS.slice(1) as [Level, "tenant" | "contract"][])("POST /v2/%ss in its %s", (level, parent) => {
  const permission = level === "contract" ? "tenants.contracts.create" : "contracts.workspaces.create";

  test("400 when a wider caller does not say where", async () => {
    for (const relationships of [undefined, {}]) {
      const answer = await post(level, { relationships });
      expect([answer.status, faults(answer)]).toEqual([400, [`invalid_document /data/relationships/${parent}`]]);
    }
  });

  test("404 for one that is unknown, or another's", async () => {
    const other = await newTenancy();
    const own = await newTenancy();
    const { headers } = await newKey([permission], { level: parent, id: own[parent] });
    for (const [id, as] of [
      [anId(), {}],
      [other[parent], headers],
    ] as const) {
      const answer = await post(level, { relationships: related(parent, id) }, as);
      expect([answer.status, faults(answer)]).toEqual([404, [`not_found /data/relationships/${parent}/data/id`]]);
    }
  });

  test("201 in the caller's own when they do not say where", async () => {
    const own = await newTenancy();
    const { headers } = await newKey([permission], { level: parent, id: own[parent] });
    const { status, body } = await post(level, {}, headers);
    expect([status, body.data.relationships[parent].data.id]).toEqual([201, own[parent]]);
  });

  test("403 for a caller whose scope is narrower", async () => {
    const { workspace, [parent]: id } = await newTenancy();
    const { headers } = await newKey([permission], { level: "workspace", id: workspace });
    expect((await post(level, { relationships: related(parent, id) }, headers)).status).toBe(403);
  });
});

describe("GET /v2/contracts", () => {
  test("200 lists what lies in the place of the query, oldest first", async () => {
    const one = await newTenancy();
    const other = await newTenancy();
    const second = anId();
    await newPlace("contract", second, { level: "tenant", id: one.tenant });
    expect(idsOf(await call("GET", `/v2/contracts?tenant_id=${one.tenant}`))).toEqual([one.contract, second]);
    expect(idsOf(await call("GET", `/v2/contracts/?tenant_id=${other.tenant}`))).toEqual([other.contract]);
    expect(idsOf(await call("GET", `/v2/workspaces?tenant_id=${one.tenant}`))).toEqual([one.workspace]);
    expect(idsOf(await call("GET", `/v2/workspaces?contract_id=${second}`))).toEqual([]);
    const all = idsOf(await call("GET", "/v2/contracts?page[size]=100"));
    expect(all).toEqual(expect.arrayContaining([one.contract, other.contract, second]));
    expect(idsOf(await call("GET", "/v2/tenants"))).toEqual(expect.arrayContaining([one.tenant, other.tenant]));
  });

  test("200 in pages, with the way to the others", async () => {
    const { tenant, contract } = await newTenancy();
    const ids = [contract, ...Array.from({ length: 4 }, anId)];
    for (const id of ids.slice(1)) await newPlace("contract", id, { level: "tenant", id: tenant });

    const whole = await call("GET", `/v2/contracts?tenant_id=${tenant}`);
    expect(idsOf(whole).toSorted()).toEqual(ids.toSorted());
    expect(whole.body.meta).toEqual({ page: 1, per_page: 100, total: 5, total_pages: 1 });

    const seen: string[] = [];
    let next: string | null = `/v2/contracts?tenant_id=${tenant}&page[size]=2&page[number]=1`;
    for (let number = 1; next !== null; number++) {
      const page: Answer = await call("GET", next);
      expect(page.body.meta).toEqual({ page: number, per_page: 2, total: 5, total_pages: 3 });
      seen.push(...idsOf(page));
      next = page.body.links.next;
      if (next !== null) expect(new URL(next, "http://x").searchParams.get("tenant_id")).toBe(tenant);
    }
    expect(seen).toEqual(idsOf(whole));
  });

  test.each(["page[size]=0", "page[size]=101", "page[number]=0", "tenant_id=a&contract_id=b", "tenant_id=a%20b"])(
    "400 for ?%s",
    async (query) => {
      expect((await call("GET", `/v2/contracts?${query}`)).status).toBe(400);
    },
  );

  test("200 shows a tenant's key what is in that tenant, 404 for a place that is not", async () => {
    const [own, other] = [await newTenancy(), await newTenancy()];
    const { headers } = await newKey(["tenants.contracts.get"], { level: "tenant", id: own.tenant });
    expect(idsOf(await call("GET", "/v2/contracts", undefined, headers))).toEqual([own.contract]);
    for (const id of [other.tenant, anId()]) {
      expect((await call("GET", `/v2/contracts?tenant_id=${id}`, undefined, headers)).status).toBe(404);
    }
    expect((await call("GET", "/v2/workspaces", undefined, headers)).status).toBe(403);
  });
});

describe("GET and DELETE of one", () => {
  test.each(LEVELS)("%s: 404 for one that is unknown, or another's; 403 without the permission", async (level) => {
    const [own, other] = [await newTenancy(), await newTenancy()];
    const permissions = ["global.tenants", "tenants.contracts", "contracts.workspaces"];
    const may = permissions.flatMap((name) => [`${name}.get`, `${name}.delete`]);
    const { headers } = await newKey(may, { level: "tenant", id: own.tenant });
    const unable = await newKey(["workspaces.auth_secret.get"]);
    for (const method of ["GET", "DELETE"]) {
      expect((await call(method, `/v2/${level}s/${anId()}`)).status).toBe(404);
      expect((await call(method, `/v2/${level}s/a%20b`)).status).toBe(404);
      expect((await call(method, `/v2/${level}s/${other[level]}`, undefined, headers)).status).toBe(404);
      expect((await call(method, `/v2/${level}s/${other[level]}`, undefined, unable.headers)).status).toBe(403);
    }
    expect((await call("GET", `/v2/${level}s/${own[level]}`, undefined, headers)).status).toBe(200);
    expect((await call("GET", `/v2/${level}s/${other[level]}`)).status).toBe(200);
  });
});

describe("a workspace that is not registered", () => {
  async function inUse(): Promise<{ id: string; secret: string }> {
    const id = newWorkspace();
    return { id, secret: await (await ConnectedClient.create()).connect(id) };
  }

  test("serves for secrets, and is 404 itself", async () => {
    const { id, secret } = await inUse();
    expect((await call("GET", `${secret}/token`)).status).toBe(200);
    expect((await call("GET", `/v2/workspaces/${id}`)).status).toBe(404);
    expect((await call("DELETE", `/v2/workspaces/${id}`)).status).toBe(404);
    expect((await call("GET", `${secret}/token`)).status).toBe(200);
  });

  test("may be taken into a contract by a global caller, with all that is in it", async () => {
    const { contract } = await newTenancy();
    const { id, secret } = await inUse();
    const { headers } = await newKey(["contracts.workspaces.create"]);
    expect((await post("workspace", { id, relationships: related("contract", contract) }, headers)).status).toBe(201);
    const ofContract = await newKey(["workspaces.auth_secret.get"], { level: "contract", id: contract });
    expect((await call("GET", secret, undefined, ofContract.headers)).status).toBe(200);
  });

  test.each(["tenant", "contract"] as const)("is 409 for a %s's key, while anything is in it", async (level) => {
    const own = await newTenancy();
    const { headers } = await newKey(["contracts.workspaces.create"], { level, id: own[level] });
    const relationships = related("contract", own.contract);
    const client = await ConnectedClient.create();
    const uri = "https://provider.example.com/";
    const credentials = { client_id: "a", client_secret: "b", auth_uri: uri, token_uri: uri, refresh_token_uri: uri };
    const holdings: ((id: string) => Promise<unknown>)[] = [
      (id) => client.connect(id),
      (id) => client.authorize(id),
      (id) => newKey(["workspaces.auth_secret.get"], { level: "workspace", id }),
      (id) =>
        call("POST", "/v2/auth-clients", {
          data: {
            type: "auth-client",
            attributes: { type: "oauth2", name: "x", credentials },
            relationships: related("workspace", id),
          },
        }),
    ];
    for (const hold of holdings) {
      const id = newWorkspace();
      await hold(id);
      const answer = await post("workspace", { id, relationships }, headers);
      expect([answer.status, faults(answer)]).toEqual([409, ["conflict /data/id"]]);
      expect((await call("GET", `/v2/workspaces/${id}`)).status).toBe(404);
    }
    expect((await post("workspace", { id: newWorkspace(), relationships }, headers)).status).toBe(201);
  });
});

/** Secrets of every type: what they may hold, how they are shown, and what a step puts on its request for them. */

import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { actorOf, call, faults, newWorkspace } from "../support/api.ts";

/** Makes a client of a type without tokens. */
async function clientOf(type: string, credentials: object = {}): Promise<string> {
  const { status, body } = await call("POST", "/v2/auth-clients", {
    data: { type: "auth-client", attributes: { type, name: type, credentials } },
  });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body.data.id;
}

async function create(workspace: string, client: string, attributes: object) {
  return await call("POST", `/v2/workspaces/${workspace}/secrets`, {
    data: {
      type: "auth-secret",
      attributes: { name: "Mine", ...attributes },
      relationships: { "auth-client": { data: { id: client, type: "auth-client" } } },
    },
  });
}

const fields = { base_url: "https://shop.example.com" };
const TYPES: [type: string, credentials: object, headers: object][] = [
  ["basic", { username: "ännä", password: "p:w", fields }, { Authorization: "Basic w6RubsOkOnA6dw==" }],
  ["basic", { username: "u", password: "" }, { Authorization: "Basic dTo=" }],
  ["api_key", { headerName: "X-Api-Key", headerValue: "k 1" }, { "X-Api-Key": "k 1" }],
  ["noauth", {}, {}],
  ["noauth", { fields }, {}],
  ["my_own_type", { anything: [1, { deep: true }], username: "u", client_secret: "theirs" }, {}],
];

describe.each(TYPES)("a secret of type %s with %j", (type, credentials, headers) => {
  test("is shown as it came, and its token is its headers", async () => {
    const workspace = newWorkspace();
    const created = await create(workspace, await clientOf(type), { credentials });
    expect(created.status).toBe(201);
    const { data } = created.body;
    expect(data.attributes).toEqual({
      name: "Mine",
      type,
      state: "ready",
      error: null,
      version: 1,
      credentials,
      health: {
        status: "not_refreshable",
        reason: null,
        since: expect.any(String),
        next_refresh_at: null,
        last_refreshed_at: null,
      },
    });
    expect((await call("GET", data.links.self)).body).toEqual(created.body);

    const token = await call("GET", `${data.links.self}/token`);
    expect([token.status, token.headers.get("etag"), token.body]).toEqual([200, '"1"', { type, version: 1, headers }]);
  });

  test("is stored sealed, and rings no alarm (SECURITY 12)", async () => {
    const { body } = await create(newWorkspace(), await clientOf(type), { credentials });
    await runInDurableObject(actorOf(body.data.links.self), async (_, { storage }) => {
      const stored = JSON.stringify(storage.kv.get("record"));
      for (const value of ["ännä", "k 1", "shop.example.com", "theirs"]) expect(stored).not.toContain(value);
      expect(await storage.getAlarm()).toBeNull();
    });
  });
});

describe("POST …/secrets of a type without tokens", () => {
  test("201 for noauth without credentials", async () => {
    const created = await create(newWorkspace(), await clientOf("noauth"), { type: "noauth" });
    expect([created.status, created.body.data.attributes.credentials]).toEqual([201, {}]);
  });

  test.each<[string, object, string[]]>([
    ["basic", {}, ["/username", "/password"]],
    ["basic", { username: "a:b", password: "\n", more: 1 }, ["/more", "/password", "/username"]],
    ["api_key", { headerName: "X Key", headerValue: "a\r\nX-Evil: 1" }, ["/headerName", "/headerValue"]],
    ["api_key", { headerName: "", headerValue: " a" }, ["/headerName", "/headerValue"]],
    ["noauth", { username: "u" }, ["/username"]],
    ["custom", { long: "x".repeat(20_000) }, [""]],
  ])("400 for %s with %j", async (type, credentials, pointers) => {
    const answer = await create(newWorkspace(), await clientOf(type), { credentials });
    const expected = pointers.map((pointer) => `invalid_document /data/attributes/credentials${pointer}`);
    expect([answer.status, faults(answer).toSorted()]).toEqual([400, expected.toSorted()]);
  });

  test("400 for __proto__ at any depth, which no parser would keep", async () => {
    const client = await clientOf("noauth");
    const sent = JSON.stringify({
      data: {
        type: "auth-secret",
        attributes: { name: "x", credentials: { fields: { a: [{ PROTO: 1 }], PROTO: {} } } },
        relationships: { auth_client: { data: { id: client, type: "auth-client" } } },
      },
    }).replaceAll("PROTO", "__proto__");
    const answer = await call("POST", `/v2/workspaces/${newWorkspace()}/secrets`, sent);
    expect([answer.status, faults(answer)]).toEqual([
      400,
      [
        "invalid_document /data/attributes/credentials/fields/a/0/__proto__",
        "invalid_document /data/attributes/credentials/fields/__proto__",
      ],
    ]);
  });

  test.each(["basic", "api_key", "custom"])("400 for %s without credentials", async (type) => {
    const answer = await create(newWorkspace(), await clientOf(type), {});
    expect([answer.status, faults(answer)]).toEqual([400, ["invalid_document /data/attributes/credentials"]]);
  });

  test("400 when another type is stated than the client has", async () => {
    const answer = await create(newWorkspace(), await clientOf("noauth"), { type: "basic", credentials: {} });
    expect([answer.status, faults(answer)]).toEqual([400, ["invalid_document /data/attributes/type"]]);
  });
});

describe("what only tokens have", () => {
  test("409 for a refresh", async () => {
    const { body } = await create(newWorkspace(), await clientOf("noauth"), {});
    const answer = await call("POST", `${body.data.links.self}/refresh`);
    expect([answer.status, faults(answer)]).toEqual([409, ["conflict"]]);
    expect(answer.body.errors[0].detail).toContain('"noauth"');
  });

  test("409 for a consent flow", async () => {
    const answer = await call("POST", `/v2/workspaces/${newWorkspace()}/authorizations`, {
      data: {
        type: "authorization",
        attributes: { name: "x" },
        relationships: { auth_client: { data: { id: await clientOf("basic"), type: "auth-client" } } },
      },
    });
    expect([answer.status, faults(answer)]).toEqual([409, ["conflict /data/relationships/auth_client"]]);
  });
});

test("a type named like a member of every object is a custom one", async () => {
  const created = await create(newWorkspace(), await clientOf("constructor"), { credentials: { a: 1 } });
  expect([created.status, created.body.data.attributes.credentials]).toEqual([201, { a: 1 }]);
});

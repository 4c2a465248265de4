/** `/v2/workspaces/{ws}/secrets`: import with tokens in hand, reads, refresh, deletion; and what a document must not say. */

import { listDurableObjectIds, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { actorOf, type Answer, call, ConnectedClient, faults, newWorkspace } from "../support/api.ts";
import { stopClock, travelTo } from "../support/clock.ts";
import { grantInHand } from "../support/grants.ts";

async function importInto(workspace: string, client: ConnectedClient, credentials: object): Promise<Answer> {
  return await call("POST", `/v2/workspaces/${workspace}/secrets`, {
    data: {
      type: "auth-secret",
      attributes: { name: "Imported", credentials: { access_token: "sentinel-access", ...credentials } },
      relationships: client.relationships,
    },
  });
}

describe("POST …/secrets", () => {
  test("201 shows the secret without its refresh token, and the alarm renews it", async () => {
    stopClock();
    const client = await ConnectedClient.create();
    const workspace = newWorkspace();
    const { status, body } = await importInto(workspace, client, {
      refresh_token: "sentinel-refresh",
      expires_in: "3600",
      scope: "a b",
      additional_params: '{"access_type":"offline"}',
      fields: { base_url: "https://example.com" },
    });
    expect(status).toBe(201);
    const { id } = body.data;
    expect(body.data).toMatchObject({
      type: "auth-secret",
      attributes: {
        name: "Imported",
        type: "oauth2",
        state: "ready",
        error: null,
        version: 1,
        credentials: {
          access_token: "sentinel-access",
          token_type: "Bearer",
          scope: "a b",
          additional_params: '{"access_type":"offline"}',
          fields: { base_url: "https://example.com" },
          undefined_params: {},
        },
        health: { status: "ok", reason: null, last_refreshed_at: null },
      },
      relationships: {
        workspace: { data: { id: workspace, type: "workspace" }, links: { self: `/v2/workspaces/${workspace}` } },
        auth_client: { data: { id: client.id, type: "auth-client" }, links: { self: `/v2/auth-clients/${client.id}` } },
      },
      links: { self: `/v2/workspaces/${workspace}/secrets/${id}` },
    });
    expect(JSON.stringify(body)).not.toContain("sentinel-refresh");
    expect((await call("GET", body.data.links.self)).body.data.id).toBe(id);
    const alarm = await runInDurableObject(actorOf(body.data.links.self), (_, { storage }) => storage.getAlarm());
    expect(alarm).toBe(Date.now() + 3540_000);
  });

  test("stores the tokens sealed (SECURITY 12)", async () => {
    const { body } = await importInto(newWorkspace(), await ConnectedClient.create(), {
      refresh_token: "sentinel-refresh",
    });
    const stored = await runInDurableObject(actorOf(body.data.links.self), (_, { storage }) =>
      JSON.stringify([...storage.kv.list()]),
    );
    expect(stored).toContain(body.data.id);
    expect(stored).not.toContain("sentinel");
    expect(JSON.stringify(await env.DB.prepare("SELECT * FROM secrets").all())).not.toContain("sentinel");
  });

  test("a grant that the provider issued elsewhere is renewed here", async () => {
    const client = await ConnectedClient.create();
    const { access_token, refresh_token } = await grantInHand(client);
    const { body } = await importInto(newWorkspace(), client, { access_token, refresh_token, expires_in: 3600 });
    const renewed = await call("POST", `${body.data.links.self}/refresh`);
    expect(renewed.status).toBe(200);
    expect(renewed.body.data.attributes.version).toBe(2);
    expect(renewed.body.data.attributes.credentials.access_token).not.toBe(access_token);
  });

  test.each([
    ["expires_in", { expires_in: 7200, refresh_token: "r" }, 7200],
    ["expires_at", { expires_at: "2999-01-01T00:00:00+02:00", refresh_token: "r" }, null],
    ["neither, with a refresh token", { refresh_token: "r" }, 3600],
    ["neither, without a refresh token", {}, "never"],
  ] as [string, object, number | "never" | null][])("knows the lifetime by %s", async (_, credentials, seconds) => {
    stopClock();
    const { body } = await importInto(newWorkspace(), await ConnectedClient.create(), credentials);
    const { expires_in, expires_at } = body.data.attributes.credentials;
    if (seconds === "never") expect([expires_in, expires_at]).toEqual([null, null]);
    else if (seconds === null) expect(expires_at).toBe("2998-12-31T22:00:00Z");
    else expect(expires_in).toBe(seconds);
  });

  test("takes the client's token_expires_in where the tokens say nothing", async () => {
    stopClock();
    const client = await ConnectedClient.create({}, { token_expires_in: 900 });
    const { body } = await importInto(newWorkspace(), client, {});
    expect(body.data.attributes.credentials.expires_in).toBe(900);
  });

  test("400 names every problem at once, and stores nothing", async () => {
    const workspace = newWorkspace();
    const client = await ConnectedClient.create();
    const objects = (await listDurableObjectIds(env.SECRETS)).length;
    const answer = await call("POST", `/v2/workspaces/${workspace}/secrets`, {
      data: {
        type: "auth-secret",
        attributes: {
          type: "basic",
          error: "x",
          credentials: {
            refresh_token: 5,
            expires_in: -1,
            expires_at: "tomorrow",
            scope: [],
            additional_params: [1],
            more: 1,
          },
        },
        relationships: { ...client.relationships, user: { data: { id: "", type: "user" } } },
      },
    });
    expect(answer.status).toBe(400);
    expect(faults(answer).toSorted()).toEqual([
      "invalid_document /data/attributes/credentials/access_token",
      "invalid_document /data/attributes/credentials/additional_params",
      "invalid_document /data/attributes/credentials/expires_at",
      "invalid_document /data/attributes/credentials/expires_in",
      "invalid_document /data/attributes/credentials/more",
      "invalid_document /data/attributes/credentials/refresh_token",
      "invalid_document /data/attributes/credentials/scope",
      "invalid_document /data/attributes/error",
      "invalid_document /data/attributes/name",
      "invalid_document /data/attributes/type",
      "invalid_document /data/relationships/user/data/id",
    ]);
    expect((await listDurableObjectIds(env.SECRETS)).length).toBe(objects);
  });

  test("404 and 400 point to the auth client as the document spells it", async () => {
    const path = `/v2/workspaces/${newWorkspace()}/secrets`;
    const attributes = { name: "x", credentials: { access_token: "t" } };
    const send = async (relationships: object) =>
      faults(await call("POST", path, { data: { type: "auth-secret", attributes, relationships } }));
    const to = (id: string, type = "auth-client") => ({ data: { id, type } });
    for (const spelling of ["auth_client", "auth-client"]) {
      const pointer = `/data/relationships/${spelling}/data`;
      expect(await send({ [spelling]: to(crypto.randomUUID()) })).toEqual([`not_found ${pointer}/id`]);
      expect(await send({ [spelling]: to("not an id") })).toEqual([`invalid_document ${pointer}/id`]);
    }
    const { id } = await ConnectedClient.create();
    expect(await send({ auth_client: to(id), "auth-client": to(id) })).toEqual([
      "invalid_document /data/relationships/auth-client",
    ]);
  });

  test.each([
    ['{"access_type":"offline"}', '{"access_type":"offline"}'],
    [{ nested: { n: 1 } }, '{"nested":{"n":1}}'],
    ["access_type:offline,prompt:consent", "access_type:offline,prompt:consent"],
  ])("201 keeps additional_params %j as %s", async (additional_params, shown) => {
    const { body } = await importInto(newWorkspace(), await ConnectedClient.create(), { additional_params });
    expect(body.data.attributes.credentials.additional_params).toBe(shown);
  });

  test("400 is answered with at most a hundred problems", async () => {
    const attributes = Object.fromEntries(Array.from({ length: 500 }, (_, number) => [`m${number}`, 1]));
    const answer = await call("POST", "/v2/api-keys", { data: { type: "api-key", attributes } });
    expect([answer.status, answer.body.errors.length]).toEqual([400, 100]);
  });

  test("400 without an auth client names its problems by the type that is stated", async () => {
    const answer = await call("POST", `/v2/workspaces/${newWorkspace()}/secrets`, {
      data: {
        type: "auth-secret",
        attributes: { name: "x", type: "oauth2", credentials: { a: 1 } },
        relationships: {},
      },
    });
    expect([answer.status, faults(answer).toSorted()]).toEqual([
      400,
      [
        "invalid_document /data/attributes/credentials/a",
        "invalid_document /data/attributes/credentials/access_token",
        "invalid_document /data/relationships/auth_client",
      ],
    ]);
  });

  test.each([
    ["access_token", "a\r\nX-Evil: 1"],
    ["token_type", "Bearer\r\nX-Evil: 1"],
    ["expires_at", "9999-12-31T23:59:59-01:00"],
    ["fields", { nested: JSON.parse("[".repeat(5000) + "]".repeat(5000)) }],
    ["fields", { long: "x".repeat(20_000) }],
  ])("400 for %s that would do harm later", async (member, value) => {
    const answer = await importInto(newWorkspace(), await ConnectedClient.create(), { [member]: value });
    expect([answer.status, faults(answer)]).toEqual([400, [`invalid_document /data/attributes/credentials/${member}`]]);
  });
});

describe("GET …/secrets/{id}/token", () => {
  test("200 with what a step puts on its request", async () => {
    const client = await ConnectedClient.create();
    const path = await client.connect(newWorkspace());
    const { status, headers, body } = await call("GET", `${path}/token`);
    expect(status).toBe(200);
    expect(body).toEqual({
      type: "oauth2",
      access_token: expect.any(String),
      token_type: "Bearer",
      expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      expires_in: expect.any(Number),
      scope: "openid",
      version: 1,
      health: "ok",
      headers: { Authorization: `Bearer ${body.access_token}` },
    });
    expect([headers.get("etag"), headers.get("cache-control"), headers.get("server-timing")]).toEqual([
      '"1"',
      "no-store",
      "origin",
    ]);
  });

  test("is degraded when nothing can give what min_ttl asks for", async () => {
    const client = await ConnectedClient.create();
    const { body } = await importInto(newWorkspace(), client, { expires_in: 100 });
    expect((await call("GET", `${body.data.links.self}/token?min_ttl=90`)).body.health).toBe("not_refreshable");
    expect((await call("GET", `${body.data.links.self}/token?min_ttl=3600`)).body.health).toBe("degraded");
  });

  test("304 when the caller has this version", async () => {
    const path = await (await ConnectedClient.create()).connect(newWorkspace());
    for (const tag of ['"1"', 'W/"1"', '"0", "1"', "*"]) {
      const answer = await call("GET", `${path}/token`, undefined, { "if-none-match": tag });
      expect([answer.status, answer.body]).toEqual([304, ""]);
    }
    expect((await call("GET", `${path}/token`, undefined, { "if-none-match": '"2"' })).status).toBe(200);
  });

  test.each(["-1", "3601", "1.5", "x", "", "0&min_ttl=60"])("400 for min_ttl=%s", async (min_ttl) => {
    const answer = await call("GET", `/v2/workspaces/w/secrets/${crypto.randomUUID()}/token?min_ttl=${min_ttl}`);
    expect([answer.status, faults(answer)]).toEqual([400, ["invalid_document min_ttl"]]);
  });

  test("424 when the token has expired and cannot be renewed", async () => {
    const { body } = await importInto(newWorkspace(), await ConnectedClient.create(), { expires_in: 60 });
    expect((await call("GET", `${body.data.links.self}/token`)).body.health).toBe("not_refreshable");
    travelTo(Date.now() + 61_000);
    const answer = await call("GET", `${body.data.links.self}/token`);
    expect([answer.status, faults(answer)]).toEqual([424, ["reauthorization_required"]]);
    expect((await call("GET", body.data.links.self)).body.data.attributes).toMatchObject({
      state: "error",
      credentials: { expires_in: 0 },
      health: { status: "expired" },
    });
  });
});

describe("POST …/secrets/{id}/refresh", () => {
  test("409 for a secret that cannot be refreshed", async () => {
    const { body } = await importInto(newWorkspace(), await ConnectedClient.create(), { expires_in: 60 });
    const answer = await call("POST", `${body.data.links.self}/refresh`);
    expect([answer.status, faults(answer)]).toEqual([409, ["conflict"]]);
  });
});

describe("DELETE …/secrets/{id}", () => {
  test("leaves nothing of it, in the actor or the index (SECURITY 16)", async () => {
    const path = await (await ConnectedClient.create()).connect(newWorkspace());
    expect((await call("DELETE", path)).status).toBe(204);
    const [entries, alarm] = await runInDurableObject(actorOf(path), async (_, { storage }) => [
      [...storage.kv.list()].length,
      await storage.getAlarm(),
    ]);
    expect([entries, alarm]).toEqual([0, null]);
    const id = path.split("/").at(-1) ?? "";
    for (const [table, column] of [
      ["secrets", "id"],
      ["authorizations", "secret_id"],
    ]) {
      expect(await env.DB.prepare(`SELECT 1 FROM ${table} WHERE ${column} = ?`).bind(id).first()).toBeNull();
    }
    for (const [method, what] of [
      ["GET", ""],
      ["GET", "/token"],
      ["POST", "/refresh"],
      ["DELETE", ""],
    ]) {
      expect((await call(method ?? "", path + what)).status).toBe(404);
    }
  });
});

describe("another workspace", () => {
  test.each([
    ["GET", ""],
    ["GET", "/token"],
    ["POST", "/refresh"],
    ["DELETE", ""],
  ])("%s …%s: 404", async (method, what) => {
    const workspace = newWorkspace();
    const path = await (await ConnectedClient.create()).connect(workspace);
    const foreign = path.replace(workspace, newWorkspace());
    expect((await call(method, foreign + what)).status).toBe(404);
    expect((await call("GET", path)).status).toBe(200);
  });
});

describe("a database that does not take the entry", () => {
  test("leaves no secret behind", async () => {
    const client = await ConnectedClient.create();
    const before = new Set((await listDurableObjectIds(env.SECRETS)).map(String));
    await env.DB.exec("ALTER TABLE secrets RENAME TO secrets_away");
    const answer = await importInto(newWorkspace(), client, { refresh_token: "r" });
    await env.DB.exec("ALTER TABLE secrets_away RENAME TO secrets");
    expect([answer.status, faults(answer)]).toEqual([500, ["internal"]]);

    const [made, ...others] = (await listDurableObjectIds(env.SECRETS)).filter((id) => !before.has(String(id)));
    if (made === undefined) throw new Error("no object was made");
    expect(others).toEqual([]);
    // Neither the entry nor its removal could be written; the alarm sees to it.
    await runDurableObjectAlarm(env.SECRETS.get(made));
    const kept = await runInDurableObject(env.SECRETS.get(made), async (_, { storage }) => [
      [...storage.kv.list()].length,
      await storage.getAlarm(),
    ]);
    expect(kept).toEqual([0, null]);
  });
});

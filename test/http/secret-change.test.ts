/** `PATCH …/secrets/{id}`: a new name, a new grant, and what the platform reports. */

import { env } from "cloudflare:workers";
import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import type { ActorRecord } from "../../src/secret-actor/record.ts";
import { actorOf, call, ConnectedClient, faults, newWorkspace } from "../support/api.ts";
import { grantInHand } from "../support/grants.ts";

async function change(path: string, attributes: object, more: object = {}) {
  return await call("PATCH", path, { data: { type: "auth-secret", attributes, ...more } });
}

async function connected(): Promise<{ client: ConnectedClient; path: string }> {
  const client = await ConnectedClient.create();
  return { client, path: await client.connect(newWorkspace()) };
}

async function indexed(path: string) {
  const id = path.split("/").at(-1);
  return await env.DB.prepare("SELECT name, state FROM secrets WHERE id = ?").bind(id).first();
}

describe("PATCH …/secrets/{id}", () => {
  test("200 with a new name changes nothing else", async () => {
    const { path } = await connected();
    const before = (await call("GET", path)).body.data;
    const { status, body } = await change(path, { name: "New" }, { id: before.id });
    expect(status).toBe(200);
    const { expires_in: _, ...credentials } = before.attributes.credentials;
    expect(body.data).toMatchObject({
      ...before,
      attributes: { ...before.attributes, name: "New", credentials },
    });
    expect(await indexed(path)).toEqual({ name: "New", state: "ready" });
  });

  test("200 with credentials replaces the whole grant and starts a new version", async () => {
    const { path, client } = await connected();
    await change(path, { credentials: { access_token: "mine", fields: { a: 1 } } });
    const token = await call("GET", `${path}/token`);
    expect(token.body).toMatchObject({ access_token: "mine", version: 2, scope: null });
    const { attributes } = (await call("GET", path)).body.data;
    expect(attributes.credentials.fields).toEqual({ a: 1 });
    expect(attributes.health.status).toBe("not_refreshable");
    expect((await call("POST", `${path}/refresh`)).status).toBe(409);
    expect(await client.refreshes()).toBe(0);
    await runInDurableObject(actorOf(path), async (_, { storage }) => {
      expect(await storage.getAlarm()).toBeNull();
    });
  });

  test("keeps fields and additional_params that it does not state", async () => {
    const { client } = await connected();
    const path = await client.connect(newWorkspace(), {
      fields: { kept: true },
      additional_params: { prompt: "consent" },
    });
    const { body } = await change(path, { credentials: { access_token: "mine" } });
    expect(body.data.attributes.credentials).toMatchObject({
      fields: { kept: true },
      additional_params: '{"prompt":"consent"}',
    });
  });

  test("takes fields and additional_params away that are null", async () => {
    const { client } = await connected();
    const path = await client.connect(newWorkspace(), { fields: { a: 1 }, additional_params: { prompt: "consent" } });
    const { body } = await change(path, {
      credentials: { access_token: "mine", fields: null, additional_params: null },
    });
    expect(Object.keys(body.data.attributes.credentials)).not.toEqual(
      expect.arrayContaining([expect.stringMatching("fields|additional_params")]),
    );
  });

  test("is past the version that an API rejected, also where nothing can be refreshed", async () => {
    const { path, client } = await connected();
    await change(path, { credentials: { access_token: "mine", expires_in: 100 } });
    const answer = await call("POST", `${path}/refresh?rejected_version=1`);
    expect([answer.status, answer.body.data.attributes.version]).toEqual([200, 2]);
    expect((await call("POST", `${path}/refresh?rejected_version=2`)).status).toBe(409);
    expect(await client.refreshes()).toBe(0);
  });

  test("mends a grant that the provider has revoked", async () => {
    const { client, path } = await connected();
    await client.revokeGrants();
    expect((await call("POST", `${path}/refresh`)).status).toBe(424);
    expect((await call("GET", path)).body.data.attributes.state).toBe("error");
    const { refresh_token } = await grantInHand(client);
    const { body } = await change(path, { credentials: { access_token: "a", refresh_token, expires_in: 3600 } });
    expect(body.data.attributes).toMatchObject({ state: "ready", health: { status: "ok" } });
    expect((await call("POST", `${path}/refresh`)).status).toBe(200);
  });

  test("mends a grant whose seal is broken, which a new name does not", async () => {
    const { path } = await connected();
    await runInDurableObject(actorOf(path), (_, { storage }) => {
      storage.kv.put("record", { ...storage.kv.get<ActorRecord>("record"), grant: "broken" });
    });
    await abortAllDurableObjects();
    expect((await call("GET", path)).status).toBe(503);
    expect((await change(path, { name: "New" })).status).toBe(503);
    expect((await change(path, { credentials: { access_token: "a" } })).status).toBe(200);
    expect((await call("GET", path)).body.data.attributes).toMatchObject({ name: "My account", state: "ready" });
  });

  test("wins against a refresh that is under way", async () => {
    const { client, path } = await connected();
    await client.hold();
    const refresh = call("POST", `${path}/refresh`);
    await client.refreshesAre(1);
    await change(path, { credentials: { access_token: "mine", expires_in: 3600 } });
    await client.release();
    await refresh;
    expect((await call("GET", `${path}/token`)).body).toMatchObject({ access_token: "mine", version: 2 });
  });

  test("state and error are the platform's own report, until the next grant", async () => {
    const { path } = await connected();
    const reported = await change(path, { state: "error", error: "Its API answers 403." });
    expect(reported.body.data.attributes).toMatchObject({
      state: "error",
      error: "Its API answers 403.",
      health: { status: "ok" },
      version: 1,
    });
    expect(await indexed(path)).toMatchObject({ state: "error" });
    expect((await call("GET", `${path}/token`)).status).toBe(200);
    await call("POST", `${path}/refresh`);
    expect((await call("GET", path)).body.data.attributes).toMatchObject({ state: "ready", error: null, version: 2 });
  });

  test("state ready takes a report back", async () => {
    const { path } = await connected();
    await change(path, { state: "error" });
    const { body } = await change(path, { state: "ready" });
    expect(body.data.attributes).toMatchObject({ state: "ready", error: null });
    expect(await indexed(path)).toMatchObject({ state: "ready" });
  });

  test("400 names every problem at once, and changes nothing", async () => {
    const { path } = await connected();
    const before = (await call("GET", `${path}/token`)).body.access_token;
    const answer = await change(path, { name: "", error: "x", colour: 1, credentials: { expires_in: -1, more: 1 } });
    expect([answer.status, faults(answer).toSorted()]).toEqual([
      400,
      [
        "invalid_document /data/attributes/colour",
        "invalid_document /data/attributes/credentials/access_token",
        "invalid_document /data/attributes/credentials/expires_in",
        "invalid_document /data/attributes/credentials/more",
        "invalid_document /data/attributes/error",
        "invalid_document /data/attributes/name",
      ],
    ]);
    expect((await call("GET", `${path}/token`)).body.access_token).toBe(before);
  });

  test("409 for the id of another secret", async () => {
    const { path } = await connected();
    const answer = await change(path, { name: "New" }, { id: crypto.randomUUID() });
    expect([answer.status, faults(answer)]).toEqual([409, ["conflict /data/id"]]);
  });

  test.each([{ name: "x" }, { credentials: { access_token: "x" } }])(
    "404 for an unknown secret and %j",
    async (attributes) => {
      const path = `/v2/workspaces/${newWorkspace()}/secrets/${crypto.randomUUID()}`;
      expect((await change(path, attributes)).status).toBe(404);
    },
  );
});

describe("POST …/secrets", () => {
  test("takes over what the platform reported before", async () => {
    const client = await ConnectedClient.create();
    const attributes = {
      name: "x",
      state: "error",
      error: "Why",
      credentials: { access_token: "t", expires_in: "3600" },
    };
    const { status, body } = await call("POST", `/v2/workspaces/${newWorkspace()}/secrets`, {
      data: { type: "auth-secret", attributes, relationships: client.relationships },
    });
    expect([status, body.data.attributes.state, body.data.attributes.error]).toEqual([201, "error", "Why"]);
    expect(await indexed(body.data.links.self)).toMatchObject({ state: "error" });
  });
});

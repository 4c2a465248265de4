/** Secrets to which nobody consents (RFC 6749 4.4): the first token is fetched before they exist, and every other on the same schedule as all. */

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import type { ActorRecord } from "../../src/secret-actor/record.ts";
import { actorOf, type Answer, call, ConnectedClient, faults, newWorkspace } from "../support/api.ts";
import { stopClock, travelTo } from "../support/clock.ts";

const MINUTE = 60_000;
const GRANT = { grant_type: "client_credentials" };
const PROVIDER_SETTINGS = { grant_types: ["client_credentials"], access_token_seconds: 600 };

async function newClient(flavour: object = {}): Promise<ConnectedClient> {
  return await ConnectedClient.create(PROVIDER_SETTINGS, {}, { ...GRANT, flavour });
}

async function create(client: ConnectedClient, workspace: string, credentials?: object): Promise<Answer> {
  return await call("POST", `/v2/workspaces/${workspace}/secrets`, {
    data: {
      type: "auth-secret",
      attributes: { name: "Machine", ...(credentials && { credentials }) },
      relationships: client.relationships,
    },
  });
}

async function created(client: ConnectedClient, credentials?: object): Promise<string> {
  const { status, body } = await create(client, newWorkspace(), credentials);
  expect([status, body.errors]).toEqual([201, undefined]);
  return body.data.links.self;
}

async function patch(path: string, credentials: object): Promise<Answer> {
  return await call("PATCH", path, { data: { type: "auth-secret", attributes: { credentials } } });
}

async function secretOf(path: string) {
  const record = await runInDurableObject(actorOf(path), (_, { storage }) => storage.kv.get<ActorRecord>("record"));
  if (record?.secret == null) throw new Error("There is no secret.");
  return record.secret;
}

/** Lets the renewal that is due run, and gives the secret after it. */
async function renew(path: string) {
  travelTo((await secretOf(path)).refreshAt ?? 0);
  await runDurableObjectAlarm(actorOf(path));
  return await secretOf(path);
}

describe("a secret of a client_credentials client", () => {
  test("has its first token when it is answered, for one request at the provider", async () => {
    stopClock();
    const client = await newClient();
    const { status, body } = await create(client, newWorkspace());
    expect(status).toBe(201);
    const { attributes } = body.data;
    expect(attributes).toMatchObject({ state: "ready", version: 1, health: { status: "ok" } });
    expect(attributes.credentials.access_token).toMatch(/./);
    expect(attributes.credentials.expires_in).toBe(600);
    const { token_requests } = await client.calls();
    expect(token_requests.map(({ grant_type, status: each }) => [grant_type, each])).toEqual([
      ["client_credentials", 200],
    ]);
  });

  test("asks for the scopes that it was made with, at every renewal, and keeps fields and parameters", async () => {
    const client = await newClient();
    const path = await created(client, {
      scope: "read write",
      fields: { region: "eu" },
      additional_params: { a: "b" },
    });
    const { credentials } = (await call("GET", path)).body.data.attributes;
    expect(credentials).toMatchObject({
      scope: "read write",
      fields: { region: "eu" },
      additional_params: '{"a":"b"}',
    });
    await call("POST", `${path}/refresh`);
    const after = (await call("GET", path)).body.data.attributes;
    expect(after).toMatchObject({ version: 2, credentials: { scope: "read write" } });
    expect(after.credentials.access_token).not.toBe(credentials.access_token);
    expect(await client.requests("client_credentials")).toBe(2);
  });

  test("is renewed by its alarm a minute before its token ends, once however many ask", async () => {
    const client = await newClient();
    const path = await created(client);
    const { expiresAt, refreshAt } = await secretOf(path);
    expect(refreshAt).toBe((expiresAt ?? 0) - MINUTE);
    travelTo(refreshAt ?? 0);
    const reads = Array.from({ length: 20 }, () => call("GET", `${path}/token?min_ttl=120`));
    await runDurableObjectAlarm(actorOf(path));
    expect((await Promise.all(reads)).map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect((await secretOf(path)).version).toBe(2);
    expect(await client.requests("client_credentials")).toBe(2);
  });

  test("loses nothing with a lost answer, and an invalid_grant is its client's trouble, not a person's", async () => {
    const client = await newClient();
    const path = await created(client);
    await client.fault({ status: 502, times: 1, commit: true });
    const lost = await renew(path);
    expect(lost.trouble).toMatchObject({ kind: "retrying", ambiguous: false, lostAt: null });

    await client.fault({ status: 400, body: '{"error":"invalid_grant"}' });
    const refused = await renew(path);
    expect(refused.trouble).toMatchObject({ kind: "client_misconfigured", reason: "invalid_grant" });
    const { attributes } = (await call("GET", path)).body.data;
    expect(attributes).toMatchObject({ state: "error", error: expect.stringContaining("Correct the client") });
    travelTo(refused.expiresAt ?? 0);
    expect(faults(await call("GET", `${path}/token`))).toEqual(["client_misconfigured"]);
  });

  test("asks for other scopes once it is told to, with a new token", async () => {
    const client = await newClient();
    const path = await created(client, { scope: "read", fields: { region: "eu" } });
    const { status, body } = await patch(path, { scope: "write" });
    expect([status, body.data?.attributes]).toMatchObject([
      200,
      { version: 2, credentials: { scope: "write", fields: { region: "eu" } } },
    ]);
    expect((await renew(path)).version).toBe(3);
    expect((await call("GET", path)).body.data.attributes.credentials.scope).toBe("write");
  });

  test("stays as it is when the change is refused", async () => {
    const client = await newClient();
    const path = await created(client, { scope: "read" });
    await client.fault({ status: 400, times: 1, body: '{"error":"invalid_scope"}' });
    expect(faults(await patch(path, { scope: "write" }))).toEqual(["provider_refused"]);
    expect(faults(await patch(path, { access_token: "a" }))).toEqual([
      "invalid_document /data/attributes/credentials/access_token",
    ]);
    expect((await call("GET", path)).body.data.attributes).toMatchObject({
      version: 1,
      credentials: { scope: "read" },
      health: { status: "ok" },
    });
    expect((await renew(path)).version).toBe(2);
  });

  test("takes no tokens in hand, and nobody consents to it", async () => {
    const client = await newClient();
    const sent = await create(client, newWorkspace(), { access_token: "a", refresh_token: "r", expires_in: 60 });
    expect(faults(sent).toSorted()).toEqual([
      "invalid_document /data/attributes/credentials/access_token",
      "invalid_document /data/attributes/credentials/expires_in",
      "invalid_document /data/attributes/credentials/refresh_token",
    ]);
    const flow = await client.authorize(newWorkspace());
    expect(faults(flow)).toEqual(["conflict /data/relationships/auth_client"]);
    expect(flow.body.errors[0].detail).toContain("Nobody consents");
    expect(await client.requests("client_credentials")).toBe(0);
  });
});

describe("a first token that is refused", () => {
  const refusals: [string, Parameters<ConnectedClient["fault"]>[0], string, string | null][] = [
    ["the client", { status: 401, body: '{"error":"invalid_client"}' }, "424 client_misconfigured", null],
    ["its assertion", { status: 400, body: '{"error":"invalid_grant"}' }, "424 client_misconfigured", null],
    ["by a redirect", { status: 302, headers: { location: "http://x/" } }, "424 client_misconfigured", null],
    ["what is asked for", { status: 400, body: '{"error":"invalid_scope"}' }, "424 provider_refused", null],
    ["by a code of its own", { status: 400, body: '{"error":"sentinel_code"}' }, "424 provider_refused", null],
    ["for now", { status: 500 }, "503 provider_unreachable", "10"],
    ["for a while", { status: 429, headers: { "retry-after": "77" } }, "503 provider_unreachable", "77"],
    ["without an answer", { drop_connection: true }, "503 provider_unreachable", "10"],
  ];

  test.each(refusals)("(%s) leaves nothing behind", async (_, fault, expected, retryAfter) => {
    const client = await newClient();
    const workspace = newWorkspace();
    await client.fault(fault);
    const answer = await create(client, workspace);
    expect(`${answer.status} ${answer.body.errors[0].code}`).toBe(expected);
    expect(answer.headers.get("retry-after")).toBe(retryAfter);
    expect(JSON.stringify(answer.body)).not.toContain("sentinel");
    expect((await call("GET", `/v2/workspaces/${workspace}/secrets`)).body.data).toEqual([]);
    expect(await client.requests("client_credentials")).toBe(1);
    expect((await call("DELETE", `/v2/auth-clients/${client.id}`)).status).toBe(204);
  });
});

describe("a provider at which the access token itself is exchanged", () => {
  const flavour = { refresh_grant_type: "exchange_token", refresh: { param_names: { refresh_token: "old_token" } } };

  test("renews a token that was brought without a refresh token, each time with the one before", async () => {
    const client = await ConnectedClient.create({}, {}, { flavour });
    const sent = { data: { type: "auth-secret", relationships: client.relationships } };
    const attributes = { name: "x", credentials: { access_token: "a1", expires_in: 600 } };
    const path = (
      await call("POST", `/v2/workspaces/${newWorkspace()}/secrets`, { data: { ...sent.data, attributes } })
    ).body.data.links.self;
    const fingerprints: (string | undefined)[] = [];
    for (const number of [2, 3]) {
      await client.fault({ status: 200, body: `{"access_token":"a${number}","expires_in":600}` });
      const { version } = await renew(path);
      expect(version).toBe(number);
      fingerprints.push((await client.calls()).token_requests.at(-1)?.body_keys.toSorted().join(" "));
    }
    expect(fingerprints).toEqual(Array(2).fill("client_id client_secret grant_type old_token"));
    expect((await call("GET", `${path}/token`)).body).toMatchObject({ access_token: "a3", version: 3 });
  });

  test("ends a grant by invalid_grant, which is no lost rotation even after a lost answer", async () => {
    const client = await ConnectedClient.create({}, {}, { flavour });
    const path = await client.connect(newWorkspace());
    await client.fault({ status: 502, times: 1 });
    await renew(path);
    await client.fault({ status: 400, body: '{"error":"invalid_grant"}' });
    await renew(path);
    expect((await renew(path)).trouble).toMatchObject({ kind: "needs_reauthorization", reason: "invalid_grant" });
  });
});

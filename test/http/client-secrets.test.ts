/**
 * Two client secrets at once: a secret is rotated at the provider and nobody notices. What it costs is counted at the provider: one request
 * more in all, then none.
 */

import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { type Answer, call, ConnectedClient, faults, newWorkspace } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";

const NEXT = "the-next-secret-of-this-client";

/** A client whose next secret is known here, before its provider counts it. */
async function newClient(settings: object = {}, attributes: object = {}): Promise<ConnectedClient> {
  return await ConnectedClient.create(settings, { next_client_secret: NEXT }, attributes);
}

async function patch(client: ConnectedClient, credentials: object): Promise<Answer> {
  return await call("PATCH", `/v2/auth-clients/${client.id}`, {
    data: { type: "auth-client", attributes: { credentials } },
  });
}

/** How many requests the provider has refused and granted. */
async function counted(client: ConnectedClient): Promise<[refused: number, granted: number]> {
  const { token_requests } = await client.calls();
  const granted = token_requests.filter(({ status }) => status === 200).length;
  return [token_requests.length - granted, granted];
}

async function secretInUse(client: ConnectedClient): Promise<string> {
  return (await call("GET", `/v2/auth-clients/${client.id}`)).body.data.attributes.secret_in_use;
}

/** What goes on behind an answer: the secret that works is noted. */
async function noted(client: ConnectedClient, name: string): Promise<void> {
  await eventually(async () => expect(await secretInUse(client)).toBe(name));
}

const refresh = (path: string) => call("POST", `${path}/refresh`);

describe("a secret that was rotated at the provider", () => {
  test("costs one refused request of all secrets together, and no grant", async () => {
    const client = await newClient();
    const paths = [
      await client.connect(newWorkspace()),
      await client.connect(newWorkspace()),
      await client.connect(newWorkspace()),
    ];
    expect(await counted(client)).toEqual([0, 3]);
    await client.change({ client_secret: NEXT });

    const [first = "", ...others] = paths;
    expect((await refresh(first)).body.data.attributes).toMatchObject({ version: 2, health: { status: "ok" } });
    expect(await counted(client)).toEqual([1, 4]);
    await noted(client, "next_client_secret");
    for (const path of others) expect((await refresh(path)).body.data.attributes.version).toBe(2);
    expect((await refresh(first)).status).toBe(200);
    expect((await counted(client))[0]).toBe(1);
  });

  test("is no hindrance to a person who consents", async () => {
    const client = await newClient();
    await client.change({ client_secret: NEXT });
    const path = await client.connect(newWorkspace());
    expect(await counted(client)).toEqual([1, 1]);
    await noted(client, "next_client_secret");
    expect((await refresh(path)).body.data.attributes.version).toBe(2);
    expect(await counted(client)).toEqual([1, 2]);
  });

  test("is no hindrance to a first token that is fetched", async () => {
    const settings = { grant_types: ["client_credentials"] };
    const client = await newClient(settings, { grant_type: "client_credentials" });
    await client.change({ client_secret: NEXT });
    const create = () =>
      call("POST", `/v2/workspaces/${newWorkspace()}/secrets`, {
        data: { type: "auth-secret", attributes: { name: "x" }, relationships: client.relationships },
      });
    expect((await create()).status).toBe(201);
    await noted(client, "next_client_secret");
    expect((await create()).status).toBe(201);
    expect(await counted(client)).toEqual([1, 2]);
  });

  test("is tried again from the first when it turns out that the other counts once more", async () => {
    const client = await newClient();
    const path = await client.connect(newWorkspace());
    await client.change({ client_secret: NEXT });
    await refresh(path);
    await noted(client, "next_client_secret");
    const { client_secret } = await patched(client);
    await client.change({ client_secret });
    await refreshAfterPause(path, 3);
    await noted(client, "client_secret");
    expect(await counted(client)).toEqual([2, 3]);
  });

  test("is forgotten to be in use when either is changed", async () => {
    const client = await newClient();
    const path = await client.connect(newWorkspace());
    await client.change({ client_secret: NEXT });
    await refresh(path);
    await noted(client, "next_client_secret");
    expect((await patch(client, { token_expires_in: 60 })).body.data.attributes.secret_in_use).toBe(
      "next_client_secret",
    );
    const { body } = await patch(client, { client_secret: NEXT, next_client_secret: null });
    expect(body.data.attributes.secret_in_use).toBe("client_secret");
    expect(body.data.attributes.credentials).not.toHaveProperty("next_client_secret");
    await refreshAfterPause(path, 3);
    expect(await counted(client)).toEqual([1, 3]);
  });
});

describe("two secrets of which neither counts", () => {
  test("are the client's trouble after one request each, and the grant lives on once one is corrected", async () => {
    const client = await newClient();
    const path = await client.connect(newWorkspace());
    await client.change({ client_secret: "something-else-altogether" });
    expect(faults(await refresh(path))).toEqual(["client_misconfigured"]);
    expect(await counted(client)).toEqual([2, 1]);
    expect(await secretInUse(client)).toBe("client_secret");
    expect((await patch(client, { next_client_secret: "something-else-altogether" })).status).toBe(200);
    await eventually(async () =>
      expect((await call("GET", path)).body.data.attributes).toMatchObject({ version: 2, state: "ready" }),
    );
  });
});

describe("the second secret is not tried", () => {
  test.each([
    ["invalid_scope", { status: 400, body: '{"error":"invalid_scope"}' }, 424],
    ["invalid_request", { status: 400, body: '{"error":"invalid_request"}' }, 424],
    ["unsupported_grant_type", { status: 400, body: '{"error":"unsupported_grant_type"}' }, 424],
    ["a redirect", { status: 302, headers: { location: "https://elsewhere.example/" } }, 424],
    ["too many requests", { status: 429, headers: { "retry-after": "60" } }, 503],
  ])("after %s, which is not about it", async (_, fault, status) => {
    const client = await newClient();
    const path = await client.connect(newWorkspace());
    await client.fault(fault);
    expect((await refresh(path)).status).toBe(status);
    expect((await counted(client))[0]).toBe(1);
  });

  test("where the flavour sends none", async () => {
    const flavour = { refresh: { client_auth: "none" } };
    const client = await newClient({}, { flavour });
    const path = await client.connect(newWorkspace());
    expect(faults(await refresh(path))).toEqual(["client_misconfigured"]);
    expect((await counted(client))[0]).toBe(1);
  });
});

describe("the second secret is tried", () => {
  test.each([
    ["401 without a word", {}, { status: 401 }],
    ["unauthorized_client", {}, { status: 400, body: '{"error":"unauthorized_client"}' }],
    [
      "a code that the flavour calls one of the client",
      { errors: { bad_key: "config_error" } },
      { status: 200, body: '{"error":"bad_key"}' },
    ],
  ])("after %s", async (_, flavour, fault) => {
    const client = await newClient({}, { flavour });
    const path = await client.connect(newWorkspace());
    await client.change({ client_secret: NEXT });
    await client.fault({ ...fault, times: 1 });
    expect((await refresh(path)).body.data.attributes.version).toBe(2);
    expect((await client.calls()).most_in_flight).toBe(1);
  });
});

/** Gives the client another first secret, which its provider does not know yet. */
async function patched(client: ConnectedClient): Promise<{ client_secret: string }> {
  const client_secret = "one-that-came-back-in-its-place";
  await patch(client, { client_secret });
  const statement = "UPDATE auth_clients SET secret_in_use = 'next_client_secret' WHERE id = ?";
  await env.DB.prepare(statement).bind(client.id).run();
  return { client_secret };
}

/** A refresh within five seconds of the last gets that one's result, so the version that is refused has to be named. */
async function refreshAfterPause(path: string, version: number): Promise<void> {
  const answer = await call("POST", `${path}/refresh?rejected_version=${version - 1}`);
  expect(answer.body.data.attributes.version).toBe(version);
}

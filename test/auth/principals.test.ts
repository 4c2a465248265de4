/** Who asks, and what lies around where they may: remembered for half a minute by reads, looked up by whatever changes something. */

import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { call, newWorkspace } from "../support/api.ts";
import { travelTo } from "../support/clock.ts";
import { eventually } from "../support/eventually.ts";
import { FakeIssuer } from "../support/jwt-issuer.ts";
import { newKey, newTenancy } from "../support/keys.ts";
import { WatchedWorker } from "../support/watched-worker.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const KEY = expect.stringContaining("FROM api_keys");
const PLACE = expect.stringContaining("FROM places");
const PERMISSIONS = ["workspaces.auth_secret.get", "contracts.workspaces.get"];

let worker: WatchedWorker;
/** Well inside a minute, in which the use of a key is noted once. */
let start: number;

beforeEach(() => {
  worker = new WatchedWorker();
  start = (Math.floor(Date.now() / MINUTE) + 1) * MINUTE + 5 * SECOND;
  travelTo(start);
});

/** A read that itself makes no query but for who asks, and where. */
const readPath = (workspace: string) => `/v2/workspaces/${workspace}/secrets/${crypto.randomUUID()}/token`;

async function keyIn(workspace: string, attributes: object = {}) {
  return await newKey(PERMISSIONS, { level: "workspace", id: workspace }, attributes);
}

describe("an API key", () => {
  test("is looked up once, with what lies around it, and its use is noted; then it is remembered", async () => {
    const workspace = newWorkspace();
    const { headers } = await keyIn(workspace);
    const [, first] = await worker.askedBy(() => worker.send("GET", readPath(workspace), headers));
    expect(first).toEqual([KEY, PLACE, expect.stringContaining("UPDATE api_keys")]);
    travelTo(start + 29 * SECOND);
    expect((await worker.askedBy(() => worker.send("GET", readPath(workspace), headers)))[1]).toEqual([]);
  });

  test("is looked up by one of many who show it at the same time", async () => {
    const workspace = newWorkspace();
    const { headers } = await keyIn(workspace);
    const crowd = Array.from({ length: 50 }, () => worker.send("GET", readPath(workspace), headers));
    const [answers, asked] = await worker.askedBy(() => Promise.all(crowd));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403]));
    expect(asked.filter((sql) => sql.includes("FROM api_keys"))).toHaveLength(1);
  });

  test("is forgotten after 30 seconds, so that one that was revoked elsewhere opens nothing after that", async () => {
    const workspace = newWorkspace();
    const { id, headers } = await keyIn(workspace);
    const status = async () => (await worker.send("GET", readPath(workspace), headers)).status;
    expect(await status()).toBe(403);
    await call("DELETE", `/v2/api-keys/${id}`);
    travelTo(start + 29 * SECOND);
    expect(await status()).toBe(403);
    travelTo(start + 31 * SECOND);
    expect(await status()).toBe(401);
  });

  test("that is revoked here opens nothing at once", async () => {
    const workspace = newWorkspace();
    const { id, headers } = await keyIn(workspace);
    expect((await worker.send("GET", readPath(workspace), headers)).status).toBe(403);
    expect((await worker.send("DELETE", `/v2/api-keys/${id}`)).status).toBe(204);
    expect((await worker.send("GET", readPath(workspace), headers)).status).toBe(401);
  });

  test("that is revoked while it is looked up is not remembered", async () => {
    const workspace = newWorkspace();
    const { id, headers } = await keyIn(workspace);
    const held = Promise.withResolvers<void>();
    worker.beforeRow = (sql) => (sql.includes("FROM places") ? held.promise : Promise.resolve());
    const early = worker.send("GET", readPath(workspace), headers);
    await eventually(() => expect(worker.asked).toContainEqual(PLACE));
    worker.beforeRow = () => Promise.resolve();
    await worker.send("DELETE", `/v2/api-keys/${id}`);
    held.resolve();
    expect((await early).status).toBe(403);
    expect((await worker.send("GET", readPath(workspace), headers)).status).toBe(401);
  });

  test("is no longer remembered when it has expired", async () => {
    const workspace = newWorkspace();
    const expires_at = new Date(start + 10 * SECOND).toISOString();
    const { headers } = await keyIn(workspace, { expires_at });
    const status = async () => (await worker.send("GET", readPath(workspace), headers)).status;
    expect(await status()).toBe(403);
    travelTo(start + 9 * SECOND);
    expect(await status()).toBe(403);
    travelTo(start + 10 * SECOND);
    expect(await status()).toBe(401);
  });

  test("has every minute of its use noted", async () => {
    const workspace = newWorkspace();
    const { id, headers } = await keyIn(workspace);
    const noted = async () =>
      await env.DB.prepare("SELECT last_used_at FROM api_keys WHERE id = ?").bind(id).first<number>("last_used_at");
    for (const instant of [start + 40 * SECOND, start + 54 * SECOND, start + 56 * SECOND]) {
      travelTo(instant);
      await worker.send("GET", readPath(workspace), headers);
      expect(await noted()).toBe(Math.floor(instant / MINUTE) * MINUTE);
    }
  });

  test("is looked up again by a request that changes something", async () => {
    const workspace = newWorkspace();
    const { id, headers } = await keyIn(workspace);
    await worker.send("GET", readPath(workspace), headers);
    await call("DELETE", `/v2/api-keys/${id}`);
    const refresh = readPath(workspace).replace(/token$/, "refresh");
    expect((await worker.send("POST", refresh, headers)).status).toBe(401);
  });

  test("that is wrong is remembered neither as right nor as wrong", async () => {
    const workspace = newWorkspace();
    const { key } = await keyIn(workspace);
    for (let times = 0; times < 2; times++) {
      const wrong = { authorization: `Bearer ${key.slice(0, -1)}${key.endsWith("A") ? "B" : "A"}` };
      const [answer, asked] = await worker.askedBy(() => worker.send("GET", readPath(workspace), wrong));
      expect([answer.status, asked]).toEqual([401, [KEY]]);
    }
  });
});

describe("a JWT", () => {
  test("is verified once, and again when it has ended", async () => {
    const issuer = await FakeIssuer.create();
    const { issuer: name, audience, jwksUri: jwks_uri, algorithms } = issuer.settings;
    worker = new WatchedWorker({ JWT_ISSUERS: JSON.stringify([{ issuer: name, audience, jwks_uri, algorithms }]) });
    vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response(await issuer.fetchKeys("")));
    const verify = vi.spyOn(crypto.subtle, "verify");
    const workspace = newWorkspace();
    const exp = start / SECOND + 20;
    const jwt = await issuer.sign({ workspace_id: workspace, permissions: PERMISSIONS, exp });
    const status = async () =>
      (await worker.send("GET", readPath(workspace), { authorization: `Bearer ${jwt}` })).status;
    expect([await status(), await status(), verify.mock.calls.length]).toEqual([403, 403, 1]);
    travelTo(start + 20 * SECOND);
    expect(await status()).toBe(401);
  });
});

describe("what lies around a workspace", () => {
  test("is looked up once in 30 seconds by reads, and every time by what changes something", async () => {
    const workspace = newWorkspace();
    const asked = async (method: string, path: string) =>
      (await worker.askedBy(() => worker.send(method, path)))[1].filter((sql) => sql.includes("FROM places"));
    const refresh = readPath(workspace).replace(/token$/, "refresh");
    expect(await asked("GET", readPath(workspace))).toHaveLength(1);
    expect(await asked("GET", readPath(workspace))).toHaveLength(0);
    expect(await asked("POST", refresh)).toHaveLength(1);
    travelTo(start + 31 * SECOND);
    expect(await asked("GET", readPath(workspace))).toHaveLength(1);
  });

  test("keeps nobody out on its own: who is let in by it now is let in", async () => {
    const { contract, tenant } = await newTenancy();
    const workspace = newWorkspace();
    const [ofContract, ofTenant] = await Promise.all([
      newKey(PERMISSIONS, { level: "contract", id: contract }),
      newKey(PERMISSIONS, { level: "tenant", id: tenant }),
    ]);
    // Remembered as lying nowhere; then it is registered, elsewhere.
    await worker.send("GET", readPath(workspace));
    const relationships = { contract: { data: { id: contract, type: "contract" } } };
    await call("POST", "/v2/workspaces", {
      data: { type: "workspace", id: workspace, attributes: { name: "New" }, relationships },
    });
    for (const { headers } of [ofContract, ofTenant]) {
      expect((await worker.send("GET", `/v2/workspaces/${workspace}`, headers)).status).not.toBe(404);
    }
  });

  test("is forgotten with the place: nobody is let in any more, nor is their key known", async () => {
    const { tenant, workspace } = await newTenancy();
    const inside = await keyIn(workspace);
    await worker.send("GET", readPath(workspace), inside.headers);
    await worker.send("GET", readPath(workspace));
    await worker.send("DELETE", `/v2/tenants/${tenant}`);
    expect((await worker.send("GET", readPath(workspace), inside.headers)).status).toBe(401);
    const { asked } = worker;
    expect(asked).toContainEqual(KEY);
  });
});

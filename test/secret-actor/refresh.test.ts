/** Renewal of a real grant at a real provider, inside workerd: on time, once, and whatever the provider answers. */

import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import type { ActorRecord } from "../../src/secret-actor/record.ts";
import { actorOf, call, ConnectedClient, newBrowser, newWorkspace } from "../support/api.ts";
import { stopClock, travelTo } from "../support/clock.ts";
import { eventually } from "../support/eventually.ts";
import { signInAndConsent } from "../support/user-agent.ts";

const MINUTE = 60_000;

async function tokenOf(path: string) {
  return await call("GET", `${path}/token`);
}

async function attributesOf(path: string) {
  return (await call("GET", path)).body.data.attributes;
}

async function recordOf(path: string): Promise<ActorRecord | undefined> {
  return await runInDurableObject(actorOf(path), (_, { storage }) => storage.kv.get<ActorRecord>("record"));
}

async function alarmOf(path: string): Promise<number | null> {
  return await runInDurableObject(actorOf(path), (_, { storage }) => storage.getAlarm());
}

async function expiryOf(path: string): Promise<number> {
  const expiresAt = (await recordOf(path))?.secret?.expiresAt;
  if (expiresAt == null) throw new Error("the secret has no expiry");
  return expiresAt;
}

describe("the alarm", () => {
  test("renews at one minute before expiry and sets the next one", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const path = await client.connect(newWorkspace());
    const expiresAt = await expiryOf(path);
    expect(await alarmOf(path)).toBe(expiresAt - MINUTE);

    travelTo(expiresAt - MINUTE);
    expect(await runDurableObjectAlarm(actorOf(path))).toBe(true);

    expect(await client.refreshes()).toBe(1);
    expect((await tokenOf(path)).body.version).toBe(2);
    const renewedExpiry = await expiryOf(path);
    expect(renewedExpiry).toBeGreaterThan(expiresAt + 8 * MINUTE);
    expect(await alarmOf(path)).toBe(renewedExpiry - MINUTE);
  });

  test("fires by itself, and a token of four seconds is renewed in time", async () => {
    // Where a machine takes seconds to look, or to ring, the token may live longer; a schedule that is late is so with each of them.
    const seen: string[] = [];
    for (const seconds of [4, 8, 16, 32]) {
      const client = await ConnectedClient.create({ access_token_seconds: seconds });
      const path = await client.connect(newWorkspace());
      const { version, expiresAt } = (await recordOf(path))?.secret ?? {};
      await eventually(async () => expect(await client.refreshes()).toBeGreaterThan(0));
      const renewedAt = Date.parse((await client.calls()).token_requests[1]?.at ?? "");
      expect((await call("DELETE", path)).status).toBe(204);
      seen.push(`version ${version}, expires at ${expiresAt}, renewed at ${renewedAt}`);
      if (version !== 1 || expiresAt == null || renewedAt >= expiresAt) continue;
      expect(renewedAt).toBeGreaterThanOrEqual(expiresAt - (seconds * 1000) / 2);
      return;
    }
    expect.unreachable(seen.join("; "));
  });

  test("that comes too early renews nothing and is set again", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const path = await client.connect(newWorkspace());
    const due = await alarmOf(path);

    await runDurableObjectAlarm(actorOf(path));

    expect(await client.refreshes()).toBe(0);
    expect(await alarmOf(path)).toBe(due);
  });
});

describe("an actor that cannot even start", () => {
  test("keeps its alarm", async () => {
    const client = await ConnectedClient.create();
    const path = await client.connect(newWorkspace());
    await runInDurableObject(actorOf(path), (_, { storage }) => storage.kv.put("record", { schema: 1, secret: {} }));
    await abortAllDurableObjects();
    await runInDurableObject(actorOf(path), (_, { storage }) => storage.setAlarm(Date.now() + MINUTE));
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    expect(await runDurableObjectAlarm(actorOf(path))).toBe(true);
    expect(await alarmOf(path)).toBeGreaterThan(Date.now() + MINUTE / 2);
  });
});

test("an alarm that outlived its secret rings once, and leaves nothing (SECURITY 16)", async () => {
  const client = await ConnectedClient.create();
  const path = await client.connect(newWorkspace());
  expect((await call("DELETE", path)).status).toBe(204);
  await runInDurableObject(actorOf(path), (_, { storage }) => storage.setAlarm(Date.now() + MINUTE));
  expect(await runDurableObjectAlarm(actorOf(path))).toBe(true);
  expect(await alarmOf(path)).toBeNull();
  expect(await recordOf(path)).toBeUndefined();
  expect((await tokenOf(path)).status).toBe(404);
});

describe("one flight", () => {
  test("200 readers of an expired token cause one token request, and every one gets the new token", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const path = await client.connect(newWorkspace());
    await client.fault({ delay_ms: 300 });
    travelTo((await expiryOf(path)) + 1000);

    const answers = await Promise.all(Array.from({ length: 200 }, () => tokenOf(path)));

    expect(answers.map(({ status }) => status)).toEqual(Array(200).fill(200));
    expect(new Set(answers.map(({ body }) => body.version))).toEqual(new Set([2]));
    expect(new Set(answers.map(({ body }) => body.access_token)).size).toBe(1);
    expect(await client.refreshes()).toBe(1);
  });

  test("alarm, readers and manual requests share it", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const path = await client.connect(newWorkspace());
    await client.fault({ delay_ms: 300 });
    // Who comes late shares it for five seconds.
    stopClock((await expiryOf(path)) + 1000);

    const [, ...answers] = await Promise.all([
      runDurableObjectAlarm(actorOf(path)),
      ...Array.from({ length: 40 }, () => tokenOf(path)),
      ...Array.from({ length: 40 }, () => call("POST", `${path}/refresh`)),
      ...Array.from({ length: 40 }, () => call("GET", path)),
    ]);

    expect(answers.map(({ status }) => status)).toEqual(Array(120).fill(200));
    expect(await client.calls()).toMatchObject({ most_in_flight: 1 });
    expect(await client.refreshes()).toBe(1);
  });

  test("readers inside the last minute are served at once while it goes on behind them", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const path = await client.connect(newWorkspace());
    await client.hold();
    travelTo((await expiryOf(path)) - MINUTE / 2);

    const answers = await Promise.all(Array.from({ length: 50 }, () => tokenOf(path)));
    expect(new Set(answers.map(({ body }) => body.version))).toEqual(new Set([1]));

    await client.refreshesAre(1);
    await client.release();
    await eventually(async () => expect((await tokenOf(path)).body.version).toBe(2));
    expect(await client.refreshes()).toBe(1);
  });

  test("its attempt is written before the request leaves", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const path = await client.connect(newWorkspace());
    await client.hold();

    const renewal = call("POST", `${path}/refresh`);
    await client.refreshesAre(1);
    const [, sent] = (await client.calls()).token_requests;
    const attempt = (await recordOf(path))?.secret?.attempt;
    expect(attempt).toMatchObject({ version: 1, fingerprint: sent?.refresh_token_sha256 });
    // Should this process die now, the actor wakes by itself to find out what became of the request.
    expect(await alarmOf(path)).toBeLessThan(Date.now() + MINUTE);

    await client.release();
    expect((await renewal).status).toBe(200);
    expect((await recordOf(path))?.secret?.attempt).toBeNull();
  });

  test("an actor that wakes with an open attempt knows that the answer was lost, and tries the same token again", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const path = await client.connect(newWorkspace());
    await client.hold({ status: 503 });

    const renewal = call("POST", `${path}/refresh`).catch(() => null);
    await client.refreshesAre(1);
    // The next attempt comes by itself, and stays under way while somebody looks.
    await client.hold();
    await abortAllDurableObjects();
    await renewal;

    const { body } = await tokenOf(path);
    expect(body).toMatchObject({ version: 1, health: "degraded" });
    expect((await recordOf(path))?.secret?.trouble).toMatchObject({ reason: "interrupted", ambiguous: true });

    await client.refreshesAre(2);
    await client.release();
    await eventually(async () => expect((await tokenOf(path)).body.version).toBe(2));
    const [, first, second] = (await client.calls()).token_requests;
    expect(second?.refresh_token_sha256).toBe(first?.refresh_token_sha256);
    expect((await attributesOf(path)).health.status).toBe("ok");
  });
});

describe("a renewal", () => {
  test("honours rotation: each request carries the refresh token of the answer before", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600, rotate: true });
    const path = await client.connect(newWorkspace());
    for (const version of [1, 2, 3]) {
      const { status, body } = await call("POST", `${path}/refresh?rejected_version=${version}`);
      expect(status).toBe(200);
      expect(body.data.attributes.version).toBe(version + 1);
    }
    const [, ...refreshes] = (await client.calls()).token_requests;
    expect(new Set(refreshes.map((each) => each.refresh_token_sha256)).size).toBe(3);
  });

  test("keeps the refresh token when the answer holds none", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600, rotate: false });
    const path = await client.connect(newWorkspace());
    await client.fault({ omit_members: ["refresh_token"] });
    for (const version of [1, 2]) {
      expect((await call("POST", `${path}/refresh?rejected_version=${version}`)).status).toBe(200);
    }
    const [, first, second] = (await client.calls()).token_requests;
    expect(second?.refresh_token_sha256).toBe(first?.refresh_token_sha256);
  });

  test("keeps the scope and the other members when the answer does not repeat them", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const path = await client.connect(newWorkspace());
    const { credentials: before } = await attributesOf(path);
    await client.fault({ omit_members: ["scope", "id_token"] });
    await call("POST", `${path}/refresh`);
    const { credentials: after } = await attributesOf(path);
    expect(after.scope).toBe(before.scope);
    expect(after.undefined_params).toEqual(before.undefined_params);
    expect(after.access_token).not.toBe(before.access_token);
  });

  test("within five seconds of the last one returns that one's result", async () => {
    stopClock();
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const path = await client.connect(newWorkspace());
    await call("POST", `${path}/refresh`);
    const { body } = await call("POST", `${path}/refresh`);
    expect(body.data.attributes.version).toBe(2);
    expect(await client.refreshes()).toBe(1);
  });

  test("is not made for a version that was already replaced", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const path = await client.connect(newWorkspace());
    await call("POST", `${path}/refresh`);
    travelTo(Date.now() + MINUTE);
    const { body } = await call("POST", `${path}/refresh?rejected_version=1`);
    expect(body.data.attributes.version).toBe(2);
    expect(await client.refreshes()).toBe(1);
  });

  test("is made early for a reader that needs more time, and never again for one that no token can satisfy", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const path = await client.connect(newWorkspace());
    travelTo((await expiryOf(path)) - 5 * MINUTE);
    expect((await call("GET", `${path}/token?min_ttl=200`)).body).toMatchObject({ version: 1, health: "ok" });
    expect((await call("GET", `${path}/token?min_ttl=400`)).body).toMatchObject({ version: 2, health: "ok" });
    for (let reads = 0; reads < 3; reads++) {
      expect((await call("GET", `${path}/token?min_ttl=3600`)).body).toMatchObject({ version: 2, health: "degraded" });
    }
    expect(await client.refreshes()).toBe(1);
  });

  test("that the secret does not survive leaves nothing behind", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const path = await client.connect(newWorkspace());
    await client.hold();
    const renewal = call("POST", `${path}/refresh`);
    await client.refreshesAre(1);
    expect((await call("DELETE", path)).status).toBe(204);
    await client.release();
    expect((await renewal).status).toBe(404);
    expect(await recordOf(path)).toBeUndefined();
    expect(await alarmOf(path)).toBeNull();
  });
});

describe("invalid_grant", () => {
  test("is asked for once more, then ends in needs_reauthorization, while the token stays readable until it expires", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const path = await client.connect(newWorkspace());
    const expiresAt = await expiryOf(path);
    await client.revokeGrants();

    const { status, body } = await call("POST", `${path}/refresh`);
    expect(status).toBe(424);
    expect(body.errors[0]).toMatchObject({ code: "reauthorization_required" });
    expect(await client.refreshes()).toBe(2);
    expect(await attributesOf(path)).toMatchObject({
      state: "error",
      health: { status: "needs_reauthorization", reason: "invalid_grant", next_refresh_at: null },
    });
    expect(await tokenOf(path)).toMatchObject({ status: 200, body: { version: 1, health: "needs_reauthorization" } });

    travelTo(expiresAt);
    const expired = await tokenOf(path);
    expect(expired.status).toBe(424);
    expect(expired.body.errors[0].links.about).toMatch(/\/authorizations$/);
    expect((await attributesOf(path)).credentials.access_token).toBeUndefined();
    expect(await client.refreshes()).toBe(2);
  });

  test("is healed by renewing consent, which keeps the secret's id", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const workspace = newWorkspace();
    const path = await client.connect(workspace);
    await client.revokeGrants();
    await call("POST", `${path}/refresh`);

    const id = path.split("/").at(-1);
    const { body } = await client.authorize(workspace, {}, { secret: { data: { id, type: "auth-secret" } } });
    await signInAndConsent(newBrowser(), body.data.attributes.connect_url);

    expect(await attributesOf(path)).toMatchObject({ state: "ready", version: 2, health: { status: "ok" } });
    expect((await call("POST", `${path}/refresh`)).status).toBe(200);
  });

  test("after a lost answer is reported as lost_rotation", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600, rotate: true });
    const path = await client.connect(newWorkspace());
    await client.fault({ commit: true, drop_connection: true, times: 1 });
    const { status } = await call("POST", `${path}/refresh`);
    expect(status).toBe(424);
    expect((await attributesOf(path)).health).toMatchObject({
      status: "needs_reauthorization",
      reason: "lost_rotation",
    });
  });
});

describe("a provider that fails", () => {
  test("leaves the valid token readable, then answers 503 with Retry-After, then recovers", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const path = await client.connect(newWorkspace());
    const expiresAt = await expiryOf(path);
    await client.fault({ status: 500, body: "<html>oops</html>" });

    travelTo(expiresAt - MINUTE);
    await runDurableObjectAlarm(actorOf(path));
    expect(await tokenOf(path)).toMatchObject({ status: 200, body: { version: 1, health: "degraded" } });
    expect(await attributesOf(path)).toMatchObject({
      state: "ready",
      health: { status: "degraded", reason: "http_500" },
    });

    travelTo(expiresAt + 5 * MINUTE);
    for (let failures = 0; failures < 7; failures++) {
      await runDurableObjectAlarm(actorOf(path));
      travelTo((await alarmOf(path)) ?? 0);
    }
    await runDurableObjectAlarm(actorOf(path));
    const { status, headers, body } = await tokenOf(path);
    expect([status, body.errors[0].code]).toEqual([503, "provider_unreachable"]);
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await attributesOf(path)).state).toBe("error");

    await client.fault(null);
    travelTo((await alarmOf(path)) ?? 0);
    expect((await tokenOf(path)).body).toMatchObject({ version: 2, health: "ok" });
  });

  test("that hangs keeps a reader waiting no longer than the token at hand is valid", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const path = await client.connect(newWorkspace());
    const expiresAt = await expiryOf(path);
    await client.hold();
    const startedAt = performance.now();
    travelTo(expiresAt - 4000);
    let { status, body } = await tokenOf(path);
    // A machine that takes seconds to ask is asked once more, with the most time left for which a reader waits at all.
    if (status !== 200) {
      travelTo(expiresAt - 9000);
      ({ status, body } = await tokenOf(path));
    }
    expect([status, body.version]).toEqual([200, 1]);
    // It did wait.
    expect(performance.now() - startedAt).toBeGreaterThan(2500);
    expect((await recordOf(path))?.secret?.attempt).not.toBeNull();
    await client.release();
  });

  test("that hangs keeps a reader of an expired token waiting for twelve seconds, and not the reader of another secret", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const path = await client.connect(newWorkspace());
    const other = await (await ConnectedClient.create()).connect(newWorkspace());
    await client.hold();
    travelTo((await expiryOf(path)) + 1000);
    const startedAt = Date.now();
    let isWaiting = true;
    const waiting = tokenOf(path).finally(() => (isWaiting = false));
    expect((await tokenOf(other)).status).toBe(200);
    expect(isWaiting).toBe(true);
    const { status, headers } = await waiting;
    expect(status).toBe(503);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(12_000);
    // The attempt, which may take twenty seconds, goes on, and by then has ended.
    const { sentAt = 0 } = (await recordOf(path))?.secret?.attempt ?? {};
    const comesAt = Number(headers.get("retry-after")) * 1000;
    expect(comesAt).toBeGreaterThanOrEqual(sentAt + 20_000 - Date.now());
    expect(comesAt).toBeLessThanOrEqual(sentAt + 20_000 - (startedAt + 12_000) + 1000);
    await client.release();
  });

  test("refusing the client is not taken for a dead grant", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const path = await client.connect(newWorkspace());
    await client.fault({ status: 401, body: '{"error":"invalid_client"}' });
    const { status, body } = await call("POST", `${path}/refresh`);
    expect([status, body.errors[0].code]).toEqual([424, "client_misconfigured"]);
    expect(await tokenOf(path)).toMatchObject({ status: 200, body: { health: "client_misconfigured" } });
    await client.fault(null);
    expect((await call("POST", `${path}/refresh`)).body.data.attributes).toMatchObject({
      version: 2,
      health: { status: "ok" },
    });
  });

  test("asking for a pause gets it", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const path = await client.connect(newWorkspace());
    await client.fault({ status: 429, headers: { "retry-after": "120" } });
    const startedAt = Date.now();
    const first = await call("POST", `${path}/refresh`);
    expect([first.status, first.headers.get("retry-after")]).toEqual([503, "120"]);
    expect((await call("POST", `${path}/refresh`)).status).toBe(503);
    expect(await client.refreshes()).toBe(1);
    expect(await alarmOf(path)).toBeGreaterThanOrEqual(startedAt + 120_000);
  });
});

describe("consent that is renewed during a refresh", () => {
  test("wins: the refresh's result is of an older version and is dropped", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const workspace = newWorkspace();
    const path = await client.connect(workspace);
    await client.hold({ grant_type: "refresh_token" });

    const renewal = call("POST", `${path}/refresh`);
    await client.refreshesAre(1);
    const id = path.split("/").at(-1);
    const { body } = await client.authorize(workspace, {}, { secret: { data: { id, type: "auth-secret" } } });
    await signInAndConsent(newBrowser(), body.data.attributes.connect_url);
    const { body: consented } = await tokenOf(path);
    expect(consented.version).toBe(2);

    await client.release();
    expect((await renewal).body.data.attributes.version).toBe(2);
    expect((await tokenOf(path)).body.access_token).toBe(consented.access_token);
  });
});

/** Providers that differ from the standard in when they renew: what the client's flavour says is what happens, inside workerd. */

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import type { ActorRecord } from "../../src/secret-actor/record.ts";
import { actorOf, call, ConnectedClient, newWorkspace } from "../support/api.ts";
import { stopClock, travelTo } from "../support/clock.ts";
import { eventually } from "../support/eventually.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** A client of this flavour, and a secret of it that was imported. */
async function imported(attributes: object, tokens: object = {}): Promise<{ client: ConnectedClient; path: string }> {
  const client = await ConnectedClient.create();
  const changed = await call("PATCH", `/v2/auth-clients/${client.id}`, { data: { type: "auth-client", attributes } });
  expect(changed.status).toBe(200);
  const { body } = await call("POST", `/v2/workspaces/${newWorkspace()}/secrets`, {
    data: {
      type: "auth-secret",
      attributes: {
        name: "x",
        credentials: { access_token: "a1", refresh_token: "r1", expires_in: 600, ...tokens },
      },
      relationships: client.relationships,
    },
  });
  return { client, path: body.data.links.self };
}

async function answering(client: ConnectedClient, status: number, body: object): Promise<void> {
  await client.fault({ status, body: JSON.stringify(body) });
}

async function secretOf(path: string) {
  const record = await runInDurableObject(actorOf(path), (_, { storage }) => storage.kv.get<ActorRecord>("record"));
  if (record?.secret == null) throw new Error("There is no secret.");
  return record.secret;
}

async function alarmOf(path: string): Promise<number | null> {
  return await runInDurableObject(actorOf(path), (_, { storage }) => storage.getAlarm());
}

describe("a provider that renews only in the last half minute", () => {
  const flavour = { errors: { access_denied: [{ class: "too_early", text: "not expired" }] } };
  const tooEarly = { error: "access_denied", error_description: "Rate limit exceeded: access_token not expired" };

  test("is asked again when there is half as much left, and nobody sees a failure", async () => {
    const { client, path } = await imported({ flavour });
    await answering(client, 400, tooEarly);
    const { expiresAt } = await secretOf(path);
    const due = (expiresAt ?? 0) - MINUTE;
    stopClock(due);
    await runDurableObjectAlarm(actorOf(path));

    const again = await alarmOf(path);
    expect(again).toBeGreaterThanOrEqual((expiresAt ?? 0) - 30 * SECOND - 500);
    expect(again).toBeLessThanOrEqual((expiresAt ?? 0) - 29 * SECOND);
    expect((await call("GET", `${path}/token?min_ttl=300`)).body).toMatchObject({ access_token: "a1", version: 1 });
    expect((await call("GET", path)).body.data.attributes).toMatchObject({ state: "ready", health: { status: "ok" } });
    expect(await client.refreshes()).toBe(1);

    await answering(client, 200, { access_token: "a2", refresh_token: "r2", expires_in: 600 });
    travelTo(again ?? 0);
    await runDurableObjectAlarm(actorOf(path));
    expect((await call("GET", `${path}/token`)).body).toMatchObject({ access_token: "a2", version: 2 });
  });

  test("answers a manual refresh with the token that is to be used up first, and is not asked twice", async () => {
    const { client, path } = await imported({ flavour, refresh_lead_seconds: 25 });
    await answering(client, 400, tooEarly);

    const answers = [await call("POST", `${path}/refresh`), await call("POST", `${path}/refresh?rejected_version=1`)];
    expect(answers.map(({ status, body }) => [status, body.data.attributes.version])).toEqual([
      [200, 1],
      [200, 1],
    ]);
    expect(await client.refreshes()).toBe(1);
    expect(await alarmOf(path)).toBe(((await secretOf(path)).expiresAt ?? 0) - 25 * SECOND);
  });

  test("means trouble with the client by the same code and another text", async () => {
    const { client, path } = await imported({ flavour });
    await answering(client, 400, { error: "access_denied", error_description: "no" });
    expect((await call("POST", `${path}/refresh`)).status).toBe(424);
    expect((await secretOf(path)).trouble).toMatchObject({ kind: "client_misconfigured", reason: "access_denied" });
  });
});

describe("a provider's own codes", () => {
  test("end a grant by another name, and are not repeated to anybody", async () => {
    const { client, path } = await imported({ flavour: { errors: { bad_refresh_token: "reauthorize" } } });
    await answering(client, 400, { error: "bad_refresh_token", error_description: "sentinel-words" });
    const answer = await call("POST", `${path}/refresh`);
    expect([answer.status, answer.body.errors[0].code]).toEqual([424, "reauthorization_required"]);
    expect(JSON.stringify(answer.body)).not.toMatch(/bad_refresh|sentinel/);
    expect((await secretOf(path)).trouble).toMatchObject({ kind: "needs_reauthorization", reason: "provider_refused" });
  });

  test("of a grant that is only busy try again in two seconds, and mean no loss", async () => {
    const errors = { invalid_grant: [{ class: "retry", text: "already being processed" }] };
    const { client, path } = await imported({ flavour: { errors } });
    await answering(client, 400, {
      error: "invalid_grant",
      error_description: "Token request is already being processed",
    });
    stopClock(((await secretOf(path)).expiresAt ?? 0) - MINUTE);
    await runDurableObjectAlarm(actorOf(path));
    const { trouble, refreshAt } = await secretOf(path);
    expect(trouble).toMatchObject({ kind: "retrying", reason: "invalid_grant", ambiguous: false });
    expect((refreshAt ?? 0) - Date.now()).toBeGreaterThan(1200);
    expect((refreshAt ?? 0) - Date.now()).toBeLessThanOrEqual(2400);
    expect((await call("GET", `${path}/token`)).body).toMatchObject({ access_token: "a1", health: "degraded" });
  });

  test("that a corrected flavour explains let the secret try again at once", async () => {
    const { client, path } = await imported({});
    await answering(client, 400, { error: "access_denied", error_description: "busy" });
    expect((await call("POST", `${path}/refresh`)).status).toBe(424);
    await answering(client, 200, { access_token: "a2", expires_in: 600 });
    const attributes = { flavour: { errors: { access_denied: "retry" } } };
    await call("PATCH", `/v2/auth-clients/${client.id}`, { data: { type: "auth-client", attributes } });
    await eventually(async () => expect((await secretOf(path)).version).toBe(2));
  });
});

describe("tokens that live long", () => {
  test("are renewed in time for a grant that may not rest, even when they never expire", async () => {
    const { client, path } = await imported({ flavour: { keepalive_seconds: 604_800, zero_means_never: true } });
    await answering(client, 200, { access_token: "a2", refresh_token: "r2", expires_in: 0 });
    expect((await call("POST", `${path}/refresh`)).body.data.attributes).toMatchObject({
      credentials: { expires_at: null, expires_in: null },
      health: { status: "ok" },
    });
    const { issuedAt } = await secretOf(path);
    expect(await alarmOf(path)).toBe(issuedAt + 7 * DAY);

    await answering(client, 200, { access_token: "a3", refresh_token: "r3", expires_in: 0 });
    travelTo(issuedAt + 7 * DAY);
    await runDurableObjectAlarm(actorOf(path));
    expect((await call("GET", `${path}/token`)).body).toMatchObject({ access_token: "a3", version: 3 });
  });

  test("are renewed earlier at random where the client says so", async () => {
    const alarms = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const { path } = await imported({ refresh_jitter_seconds: 240 });
        const { expiresAt } = await secretOf(path);
        return (expiresAt ?? 0) - MINUTE - ((await alarmOf(path)) ?? 0);
      }),
    );
    for (const earlier of alarms) {
      expect(earlier).toBeGreaterThanOrEqual(0);
      expect(earlier).toBeLessThanOrEqual(240 * SECOND);
    }
    expect(new Set(alarms).size).toBeGreaterThan(1);
  });
});

describe("a refresh token that ends", () => {
  test.each(["refresh_token_expires_in", "refresh_expires_in", "x_refresh_token_expires_in"])(
    "is known by %s, shown, and told of 30, 7 and 1 days before",
    async (member) => {
      const { client, path } = await imported({});
      const lines: string[] = [];
      const spy = vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
      await answering(client, 200, { access_token: "a2", expires_in: 100 * 86_400, [member]: String(40 * 86_400) });
      const { body } = await call("POST", `${path}/refresh`);
      const { issuedAt } = await secretOf(path);
      const end = issuedAt + 40 * DAY;
      const shown = Date.parse(body.data.attributes.health.refresh_token_expires_at);
      expect(shown).toBe(Math.floor(end / SECOND) * SECOND);

      for (const days of [30, 7, 1]) {
        const at = end - days * DAY;
        expect(await alarmOf(path)).toBeLessThanOrEqual(at);
        travelTo(at);
        await runDurableObjectAlarm(actorOf(path));
      }
      spy.mockRestore();
      const told = lines.map((line) => JSON.parse(line)).filter(({ kind }) => kind === "ending");
      expect(told.map(({ days_left }) => days_left)).toEqual([30, 7, 1]);
      expect(await client.refreshes()).toBe(1);
    },
  );
});

describe("an answer that is not as it should be", () => {
  test.each([
    [
      "in XML",
      "application/xml",
      "<token>sentinel</token>",
      { reason: "unsupported_format", media_type: "application/xml" },
    ],
    ["that is a page", "text/html", "<html>sentinel</html>", { reason: "unsupported_format", media_type: "text/html" }],
    [
      "with a lifetime that nobody can read",
      "application/json",
      '{"access_token":"a2","expires_in":"soon"}',
      { outcome: "granted", warning: "invalid_expires_in" },
    ],
  ])("%s is told in the log, by its kind and without its words", async (_, type, body, line) => {
    const { client, path } = await imported({});
    const lines: string[] = [];
    const spy = vi.spyOn(console, "log").mockImplementation((text: string) => void lines.push(text));
    await client.fault({ status: 200, headers: { "content-type": type }, body });
    travelTo(((await secretOf(path)).expiresAt ?? 0) - MINUTE);
    await runDurableObjectAlarm(actorOf(path));
    spy.mockRestore();
    const told = lines.map((text) => JSON.parse(text)).filter(({ kind }) => kind === "refresh");
    expect(told).toEqual([expect.objectContaining(line)]);
    expect(lines.join("\n")).not.toMatch(/sentinel|soon/);
  });
});

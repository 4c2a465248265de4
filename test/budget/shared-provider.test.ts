/** Many secrets of one client at one provider, with everything real between them: who asks the budget, and what the provider notices. */

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { BudgetActor } from "../../src/budget/budget-actor.ts";
import { budgetDoor } from "../../src/budget/stub.ts";
import type { AuthClientId, SecretId } from "../../src/domain/ids.ts";
import { MOST_AT_ONCE, type Phase } from "../../src/domain/provider-budget.ts";
import type { Secret } from "../../src/domain/secret.ts";
import type { ActorRecord } from "../../src/secret-actor/record.ts";
import { actorOf, call, ConnectedClient, newWorkspace } from "../support/api.ts";
import { stopClock, travelTo } from "../support/clock.ts";
import { eventually } from "../support/eventually.ts";
import { grantInHand } from "../support/grants.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const UNREACHABLE = { status: 503, grant_type: "refresh_token" };

afterEach(() => void vi.restoreAllMocks());

/** Secrets of one client, of different workspaces; all of them hold the same refresh token, which the provider does not rotate. */
async function connected(count: number): Promise<{ client: ConnectedClient; paths: string[] }> {
  const client = await ConnectedClient.create({ access_token_seconds: 600, rotate: false });
  const { access_token, refresh_token } = await grantInHand(client);
  const attributes = { name: "x", credentials: { access_token, refresh_token, expires_in: 600 } };
  const paths: string[] = [];
  for (let index = 0; index < count; index++) {
    const { body } = await call("POST", `/v2/workspaces/${newWorkspace()}/secrets`, {
      data: { type: "auth-secret", attributes, relationships: client.relationships },
    });
    paths.push(body.data.links.self);
  }
  return { client, paths };
}

async function secretOf(path: string): Promise<Secret> {
  const record = await runInDurableObject(actorOf(path), (_, { storage }) => storage.kv.get<ActorRecord>("record"));
  if (record?.secret == null) throw new Error("there is no secret");
  return record.secret;
}

function budgetOf(client: ConnectedClient): DurableObjectStub {
  return env.BUDGETS.get(env.BUDGETS.idFromName(`${client.host}/${client.id}`));
}

/** The breaker once it has opened (again). */
async function openPhase(client: ConnectedClient): Promise<Phase & { kind: "open" }> {
  return await eventually(async () => {
    const phase = await runInDurableObject(budgetOf(client), (_, { storage }) => storage.kv.get<Phase>("phase"));
    if (phase?.kind !== "open") throw new Error(`it is ${phase?.kind}`);
    return phase;
  });
}

/** Lets every alarm that is due ring, all at once. */
async function ring(paths: string[]): Promise<void> {
  const secrets = await Promise.all(paths.map(secretOf));
  const due = paths.filter((_, index) => (secrets[index]?.refreshAt ?? Number.POSITIVE_INFINITY) <= Date.now());
  await Promise.all(due.map((path) => runDurableObjectAlarm(actorOf(path))));
}

async function lastRefreshAt(paths: string[]): Promise<number> {
  return Math.max(...(await Promise.all(paths.map(secretOf))).map(({ refreshAt }) => refreshAt ?? 0));
}

describe("the budget", () => {
  test("is asked for a renewal, once, and never for a read", async () => {
    const enter = vi.spyOn(BudgetActor.prototype, "enter");
    const leave = vi.spyOn(BudgetActor.prototype, "leave");
    const { paths } = await connected(1);
    const [path = ""] = paths;
    for (let reads = 0; reads < 20; reads++) expect((await call("GET", `${path}/token`)).status).toBe(200);
    expect((await call("GET", path)).status).toBe(200);
    expect([enter.mock.calls.length, leave.mock.calls.length]).toEqual([0, 0]);

    expect((await call("POST", `${path}/refresh`)).status).toBe(200);
    await eventually(() => expect([enter.mock.calls.length, leave.mock.calls.length]).toEqual([1, 1]));
  });
});

describe("a provider that is down", () => {
  test("hears of one secret at a time, and of all of them again when it is back", async () => {
    const { client, paths } = await connected(30);
    await client.fault(UNREACHABLE);
    travelTo((await secretOf(paths[0] ?? "")).expiresAt ?? 0);
    stopClock(Date.now() - MINUTE + SECOND);

    for (const path of paths) await runDurableObjectAlarm(actorOf(path));
    const beforeItOpened = await client.refreshes();
    expect(beforeItOpened).toBeGreaterThanOrEqual(5);
    expect(beforeItOpened).toBeLessThan(15);

    const pauses: number[] = [];
    for (let rounds = 1; rounds <= 5; rounds++) {
      const { until, pauseMs } = await openPhase(client);
      pauses.push(pauseMs / SECOND);
      stopClock(Math.max(until, await lastRefreshAt(paths)));
      await ring(paths);
      expect(await client.refreshes()).toBe(beforeItOpened + rounds);
    }
    expect(pauses).toEqual([5, 10, 20, 40, 60]);

    // Who asks now is told to come after the pause, each at a moment of its own.
    const { until } = await openPhase(client);
    stopClock(await lastRefreshAt(paths));
    expect(Date.now()).toBeLessThan(until);
    // The last probe, whose answer was lost a moment ago, would be let through: its refresh token may be taken again for seconds only.
    const secrets = await Promise.all(paths.map(secretOf));
    const others = paths.filter((_, index) => (secrets[index]?.trouble?.lostAt ?? 0) < Date.now() - MINUTE / 2);
    expect(others.length).toBeGreaterThan(paths.length / 2);
    await ring(others);
    const held = (await Promise.all(others.map(secretOf))).map(({ refreshAt }) => refreshAt ?? 0);
    expect(Math.min(...held)).toBeGreaterThanOrEqual(until);
    expect(Math.max(...held)).toBeLessThan(until + SECOND);
    expect(new Set(held).size).toBeGreaterThan(others.length / 2);
    const reader = await call("GET", `${others[0]}/token`);
    const comesAt = Date.now() + Number(reader.headers.get("retry-after")) * SECOND;
    expect([reader.status, reader.body.errors[0].code]).toEqual([503, "provider_unreachable"]);
    expect(Math.abs(comesAt - (held[0] ?? 0))).toBeLessThan(2 * SECOND);
    expect(await client.refreshes()).toBe(beforeItOpened + 5);

    await client.fault(null);
    const failed = await client.refreshes();
    let left = paths;
    for (let rounds = 0; rounds < 2; rounds++) {
      travelTo(await lastRefreshAt(left));
      await ring(left);
      const renewed = await Promise.all(paths.map(secretOf));
      left = paths.filter((_, index) => renewed[index]?.version === 1 || renewed[index]?.trouble !== null);
    }
    expect(left).toEqual([]);
    expect(await client.refreshes()).toBe(failed + paths.length);
  });

  test("for one secret alone does not hold back the others", async () => {
    const { client, paths } = await connected(2);
    const [bad = "", good = ""] = paths;
    await client.fault(UNREACHABLE);
    travelTo((await secretOf(bad)).refreshAt ?? 0);
    for (let failures = 0; failures < 8; failures++) {
      await ring([bad]);
      travelTo(await lastRefreshAt([bad]));
    }
    expect(await client.refreshes()).toBe(8);
    await client.fault(null);
    expect((await call("POST", `${good}/refresh`)).body.data.attributes.version).toBe(2);
  });
});

describe("a budget that fails", () => {
  test.each([
    ["throws", async () => Promise.reject(new Error("this budget is broken"))],
    ["never answers", () => new Promise<never>(() => {})],
  ])("and %s stops no renewal", async (_, fails) => {
    const { client, paths } = await connected(1);
    vi.spyOn(BudgetActor.prototype, "enter").mockImplementation(fails);
    vi.spyOn(BudgetActor.prototype, "leave").mockImplementation(() => fails() as never);
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { status, body } = await call("POST", `${paths[0]}/refresh`);
    expect([status, body.data.attributes.version, await client.refreshes()]).toEqual([200, 2, 1]);
  });

  test("because it is aborted while somebody stands in its line stops no renewal", async () => {
    const { client, paths } = await connected(1);
    const door = budgetDoor(env);
    const { host } = client;
    await Promise.all(
      Array.from({ length: MOST_AT_ONCE }, (_, index) =>
        door.enter({
          id: `t${index}`,
          secret: `s${index}` as SecretId,
          client: client.id as AuthClientId,
          host,
          isUrgent: false,
        }),
      ),
    );
    const enter = vi.spyOn(BudgetActor.prototype, "enter");
    const logged = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const renewal = call("POST", `${paths[0]}/refresh`);
    await eventually(() => expect(enter).toHaveBeenCalledTimes(1));
    expect(await client.refreshes()).toBe(0);
    await runInDurableObject(budgetOf(client), (_, state) => state.abort("it is gone")).catch(() => undefined);
    expect((await renewal).body.data.attributes.version).toBe(2);
    expect(logged.mock.calls.map((line) => JSON.parse(String(line[0])))).toContainEqual(
      expect.objectContaining({ kind: "alert", what: "budget_unreachable" }),
    );
  });
});

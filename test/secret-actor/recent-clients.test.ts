/** What actors whose alarms ring together ask of D1: one look-up of their client, which is never an old one and stops nobody. */

import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import type { AuthClientId } from "../../src/domain/ids.ts";
import { RecentClients } from "../../src/secret-actor/recent-clients.ts";
import type { SealedAuthClient } from "../../src/store/auth-clients.ts";
import { actorOf, call, ConnectedClient, newWorkspace } from "../support/api.ts";
import { stopClock, travelTo } from "../support/clock.ts";
import { eventually } from "../support/eventually.ts";

const ID = "client" as AuthClientId;
const LIFETIME_SECONDS = 600;
const SECOND = 1000;

const version = (number: number) => ({ id: ID, version: number }) as SealedAuthClient;

describe("RecentClients.find", () => {
  test("asks D1 once for all who come within a second", async () => {
    stopClock();
    const clients = new RecentClients();
    const answer = Promise.withResolvers<SealedAuthClient>();
    const find = vi.fn<() => Promise<SealedAuthClient>>(() => answer.promise);
    const crowd = Array.from({ length: 100 }, () => clients.find(ID, find));
    answer.resolve(version(1));
    expect(new Set((await Promise.all(crowd)).map((client) => client?.version))).toEqual(new Set([1]));
    expect(await clients.find(ID, find)).toEqual(version(1));
    expect(find).toHaveBeenCalledOnce();
  });

  test("asks anew for what it heard a second ago, or by a clock that was set back", async () => {
    const clients = new RecentClients();
    const now = Date.now();
    stopClock(now);
    await clients.find(ID, async () => version(1));
    stopClock(now + SECOND);
    expect(await clients.find(ID, async () => version(2))).toEqual(version(2));
    stopClock(now);
    expect(await clients.find(ID, async () => version(3))).toEqual(version(3));
  });

  test("keeps a client that is gone as that, and each client apart", async () => {
    stopClock();
    const clients = new RecentClients();
    await clients.find(ID, async () => null);
    expect(await clients.find(ID, async () => version(1))).toBeNull();
    expect(await clients.find("another" as AuthClientId, async () => version(2))).toEqual(version(2));
  });

  test("fails for whoever asked, and the next asks again", async () => {
    stopClock();
    const clients = new RecentClients();
    const failing = clients.find(ID, () => Promise.reject(new Error("D1 is away")));
    const next = clients.find(ID, async () => version(1));
    await expect(failing).rejects.toThrow("D1 is away");
    expect(await next).toEqual(version(1));
  });

  test("waits for nobody who has heard nothing for a second", async () => {
    const clients = new RecentClients();
    void clients.find(ID, () => new Promise(() => undefined));
    const next = clients.find(ID, async () => version(1));
    travelTo(Date.now() + SECOND);
    expect(await next).toEqual(version(1));
  });
});

describe("alarms that ring together", () => {
  test("renew ten secrets of one client with one look-up, though each is an object of its own", async () => {
    const { paths, lookUps } = await fallenDue(10);
    await Promise.all(paths.map((path) => runDurableObjectAlarm(actorOf(path))));
    await eventually(async () => expect(await versions(paths)).toEqual(paths.map(() => 2)));
    expect(lookUps()).toBe(1);
  });

  test("share nothing with somebody who asks for a refresh: that one sees the client as it is", async () => {
    const { paths, lookUps } = await fallenDue(2);
    await Promise.all(paths.map((path) => call("POST", `${path}/refresh`)));
    expect(await versions(paths)).toEqual([2, 2]);
    expect(lookUps()).toBe(2);
  });
});

/** Some secrets of one client whose tokens are to be renewed now, and how often D1 is asked for their client from now on. */
async function fallenDue(count: number): Promise<{ paths: string[]; lookUps: () => number }> {
  const client = await ConnectedClient.create({ access_token_seconds: LIFETIME_SECONDS });
  const workspace = newWorkspace();
  const paths: string[] = [];
  for (let made = 0; made < count; made++) paths.push(await client.connect(workspace));
  // Where each refresh begins a little before its minute, all of them are due then.
  stopClock(Date.now() + (LIFETIME_SECONDS - 30) * SECOND);
  const prepare = vi.spyOn(Object.getPrototypeOf(env.DB) as D1Database, "prepare");
  const isLookUp = (sql: string) => sql.startsWith("SELECT * FROM auth_clients") && sql.endsWith("WHERE id = ?");
  return { paths, lookUps: () => prepare.mock.calls.filter(([sql]) => isLookUp(sql)).length };
}

async function versions(paths: readonly string[]): Promise<number[]> {
  const answers = await Promise.all(paths.map((path) => call("GET", path)));
  return answers.map(({ body }) => body.data.attributes.version);
}

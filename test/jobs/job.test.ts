/** A deletion's job: it goes on whatever fails or dies on the way, and ends once. */

import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Job, step } from "../../src/jobs/job.ts";
import type { ContractId } from "../../src/domain/ids.ts";
import { SecretActor } from "../../src/secret-actor/actor.ts";
import { actorOf, call, ConnectedClient, expectRenewed, newWorkspace } from "../support/api.ts";
import { stopClock } from "../support/clock.ts";
import {
  allRows,
  breakActors,
  contentOf,
  EMPTY,
  finish,
  createdAtOf,
  jobOf,
  leftOf,
  make,
  makeClient,
  makeSecret,
  remove,
} from "../support/estate.ts";
import { eventually } from "../support/eventually.ts";
import { newPlace, newTenancy } from "../support/keys.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

afterEach(() => void vi.restoreAllMocks());

describe("a job", () => {
  // Its alarms, too, are set an hour ahead then, and ring for nobody but the test, however long that takes.
  beforeEach(() => stopClock(Date.now() + HOUR));

  async function contractWith(secrets: number) {
    const { contract, workspace } = await newTenancy();
    const client = await makeClient("oauth2", []);
    const paths = await makeSecretsIn(workspace, client, secrets);
    const createdAt = await createdAtOf("contract", contract);
    return { contract, workspace, client, paths, createdAt, job: await jobOf("contract", contract) };
  }

  async function makeSecretsIn(workspace: string, client: string, count: number): Promise<string[]> {
    return await Promise.all(Array.from({ length: count }, () => makeSecret(workspace, client, "oauth2")));
  }

  async function expectGone(contract: string, paths: string[], job: DurableObjectStub): Promise<void> {
    await finish(job);
    expect(await allRows()).not.toContain(contract);
    expect(await leftOf(paths)).toEqual([]);
    expect(await contentOf(job)).toEqual(EMPTY);
  }

  async function pauseOf(job: DurableObjectStub): Promise<number> {
    return (((await contentOf(job))[1] ?? 0) - Date.now()) / 1000;
  }

  test("goes on after an actor that failed once", async () => {
    const { contract, paths, job } = await contractWith(3);
    const broken = breakActors(paths[1] ?? "");
    expect(await remove("contract", contract)).toBe(202);
    expect(await leftOf(paths)).toHaveLength(1);
    expect(await pauseOf(job)).toBeLessThanOrEqual(2);
    broken.mend();
    await expectGone(contract, paths, job);
  });

  test("is not held up by an actor that always fails, and tries it again after growing pauses", async () => {
    const { contract, workspace, client, paths, job } = await contractWith(60);
    const sibling = `id-${crypto.randomUUID()}`;
    await newPlace("workspace", sibling, { level: "contract", id: contract });
    paths.push(...(await makeSecretsIn(sibling, client, 60)));
    const alerts = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const bad = [paths[0] ?? "", paths[119] ?? ""];
    const broken = breakActors(...bad);
    expect(await remove("contract", contract)).toBe(202);
    while ((await leftOf(paths)).length > bad.length) await runDurableObjectAlarm(job);
    const pauses: number[] = [];
    while (pauses.slice(-2).join() !== "60,60") {
      pauses.push(await pauseOf(job));
      const asked = broken.asked.length;
      expect(await runDurableObjectAlarm(job)).toBe(true);
      expect(broken.asked.length - asked).toBeGreaterThanOrEqual(bad.length);
    }
    expect(pauses.slice(-7)).toEqual([2, 4, 8, 16, 32, 60, 60]);
    expect(JSON.parse(String(alerts.mock.calls.at(-1)?.[0]))).toMatchObject({
      kind: "alert",
      what: "remove_job_failed",
    });
    expect((await call("GET", `/v2/workspaces/${workspace}/secrets`)).status).toBe(404);
    broken.mend();
    await expectGone(contract, paths, job);
  });

  test("goes on when every actor failed, page after page", async () => {
    const { contract, paths, job } = await contractWith(120);
    const broken = breakActors();
    expect(await remove("contract", contract)).toBe(202);
    for (let alarms = 0; alarms < 5; alarms++) expect(await runDurableObjectAlarm(job)).toBe(true);
    expect(await leftOf(paths)).toHaveLength(120);
    expect(new Set(broken.asked).size).toBe(120);
    broken.mend();
    await expectGone(contract, paths, job);
  });

  test("goes on after the database failed in the middle of a step", async () => {
    const { contract, paths, job } = await contractWith(3);
    await env.DB.exec("ALTER TABLE authorizations RENAME TO authorizations_away");
    expect(await remove("contract", contract)).toBe(202);
    expect((await call("GET", paths[0] ?? "")).status).toBe(404);
    expect(await runDurableObjectAlarm(job)).toBe(true);
    await env.DB.exec("ALTER TABLE authorizations_away RENAME TO authorizations");
    await expectGone(contract, paths, job);
  });

  test("does what it could not even begin", async () => {
    const { contract, paths, job } = await contractWith(1);
    await env.DB.exec("ALTER TABLE api_keys RENAME TO api_keys_away");
    expect(await remove("contract", contract)).toBe(500);
    expect((await call("GET", paths[0] ?? "")).status).toBe(200);
    expect(await runDurableObjectAlarm(job)).toBe(true);
    await env.DB.exec("ALTER TABLE api_keys_away RENAME TO api_keys");
    expect(await pauseOf(job)).toBeLessThanOrEqual(2);
    await expectGone(contract, paths, job);
  });

  test("goes on after the process died between two steps", async () => {
    const { contract, paths, job } = await contractWith(60);
    const broken = breakActors(...paths.slice(0, 30));
    expect(await remove("contract", contract)).toBe(202);
    // A slow machine comes only as far as the first step.
    const left = (await leftOf(paths)).length;
    expect(left).toBeGreaterThanOrEqual(30);
    expect(left).toBeLessThan(60);
    await abortAllDurableObjects();
    broken.mend();
    await expectGone(contract, paths, job);
  });

  test("goes on where actors were cleared and the index still knows them", async () => {
    const { contract, paths, job } = await contractWith(3);
    for (const path of paths.slice(1)) await (actorOf(path) as unknown as SecretActor).clear();
    expect(await remove("contract", contract)).toBe(204);
    await expectGone(contract, paths, job);
  });

  test("clears an actor whose record cannot even be loaded", async () => {
    const { contract, paths, job } = await contractWith(2);
    await runInDurableObject(actorOf(paths[0] ?? ""), (_, { storage }) => storage.kv.put("record", { schema: 1 }));
    await abortAllDurableObjects();
    expect((await call("GET", paths[0] ?? "")).status).toBe(500);
    expect(await remove("contract", contract)).toBe(204);
    await expectGone(contract, paths, job);
  });

  test("that died before its first step begins with its alarm", async () => {
    const { contract, paths, createdAt, job } = await contractWith(1);
    const place = { level: "contract", id: contract as ContractId } as const;
    await runInDurableObject(job, async (_, { storage }) => {
      const removal: Job = { kind: "remove", requestId: "r", place, createdAt, passedOver: [] };
      storage.kv.put("record", { job: removal, startedAt: Date.now(), isPrepared: false, failures: 0 });
      await storage.setAlarm(Date.now() + MINUTE);
    });
    expect((await call("GET", paths[0] ?? "")).status).toBe(200);
    await expectGone(contract, paths, job);
  });

  test("does no harm to what has the ids by then, if it dies before it can note its own end", async () => {
    const { contract, workspace, client, paths, createdAt, job } = await contractWith(1);
    const tenant = (await call("GET", `/v2/contracts/${contract}`)).body.data.relationships.tenant.data;
    expect(await remove("contract", contract)).toBe(204);
    expect(await leftOf(paths)).toEqual([]);

    await newPlace("contract", contract, { level: "tenant", id: tenant.id });
    await newPlace("workspace", workspace, { level: "contract", id: contract });
    const again = await makeSecret(workspace, client, "oauth2");
    const own = await makeClient("oauth2", [{ level: "contract", id: contract }]);
    const attributes = { name: "x", permissions: ["contracts.workspaces.get"] };
    const relationships = { contract: { data: { id: contract, type: "contract" } } };
    const { key } = (await make("/v2/api-keys", { type: "api-key", attributes, relationships })).attributes;

    const place = { level: "contract", id: contract as ContractId } as const;
    const removal: Job = { kind: "remove", requestId: "r", place, createdAt, passedOver: [] };
    await runInDurableObject(job, async (_, { storage }) => {
      storage.kv.put("record", { job: removal, startedAt: Date.now(), isPrepared: true, failures: 0 });
      await storage.setAlarm(Date.now() + MINUTE);
    });
    await finish(job);
    expect(await step(env, removal)).toBeNull();
    expect(await contentOf(job)).toEqual(EMPTY);
    expect((await call("GET", `${again}/token`)).status).toBe(200);
    expect((await call("GET", `/v2/auth-clients/${own}?contract_id=${contract}`)).status).toBe(200);
    const headers = { authorization: `Bearer ${key}` };
    expect((await call("GET", `/v2/workspaces/${workspace}`, undefined, headers)).status).toBe(200);
  });
});

describe("waking the secrets of a changed auth client", () => {
  test("is tried again when an actor cannot be reached", async () => {
    const client = await ConnectedClient.create();
    const path = await client.connect(newWorkspace());
    await client.fault({ status: 401, body: '{"error":"invalid_client"}', grant_type: "refresh_token" });
    await call("POST", `${path}/refresh`);
    await client.fault(null);
    const indexed = env.DB.prepare("SELECT state FROM secrets WHERE id = ?").bind(path.split("/").at(-1));
    await eventually(async () => expect(await indexed.first<string>("state")).toBe("error"));

    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const unreachable = vi.spyOn(SecretActor.prototype, "clientChanged").mockRejectedValueOnce(new Error("not there"));
    const attributes = { credentials: { client_secret: "********" } };
    await call("PATCH", `/v2/auth-clients/${client.id}`, { data: { type: "auth-client", attributes } });
    const job = env.JOBS.get(env.JOBS.idFromName(`wake/${client.id}/2`));
    await eventually(() => expect(unreachable).toHaveBeenCalledTimes(1));
    await finish(job);
    expect(unreachable).toHaveBeenCalledTimes(2);
    await expectRenewed(path, 2);
  });
});

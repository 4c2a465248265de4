/** The sweep: finds refreshes that nobody made, wakes their secrets, and costs next to nothing while there are none. */

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { findCandidates, settleCandidates } from "../../src/store/overdue.ts";
import { actorOf, call, ConnectedClient, newWorkspace } from "../support/api.ts";
import { travelTo } from "../support/clock.ts";
import { contentOf, EMPTY, finish } from "../support/estate.ts";
import { eventually } from "../support/eventually.ts";
import {
  checkAtOf,
  emptyIndex,
  fireCron,
  insertOrphans,
  loseAlarm,
  makeSecrets,
  overdue,
  sweepJob,
  watchInspections,
  watchStatements,
} from "../support/overdue.ts";
import { watchLog } from "../support/log.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOTHING_OVERDUE = { count: 0, oldest_due_at: null, oldest_age_seconds: null, unchecked: 0 };

beforeEach(emptyIndex);
afterEach(() => void vi.restoreAllMocks());

async function alarmOf(path: string): Promise<number | null> {
  return (await contentOf(actorOf(path)))[1];
}

/** Moves the clock to when the first token of these secrets is overdue by some minutes, and says when that is. */
async function travelPastDue(paths: string[], minutes: number): Promise<number> {
  const checks = await Promise.all(paths.map(checkAtOf));
  const at = Math.max(...checks.map(Number)) + minutes * MINUTE;
  travelTo(at);
  return at;
}

/** Lets the cron trigger fire, and the job come to its end. */
async function sweep(): Promise<void> {
  await fireCron();
  await finish(sweepJob());
}

/** The trigger looks after issuers too: test/jobs/issuers.test.ts counts what that costs. */
const isOfSweep = (statement: string) => !/\b(issuers|events|event_sources)\b/.test(statement);

describe("a secret whose alarm was lost", () => {
  test("is shown as overdue, woken by the cron trigger, renewed by its alarm, and then not overdue any more", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const path = await client.connect(newWorkspace());
    const dueAt = (await alarmOf(path)) ?? 0;
    await loseAlarm(path);

    travelTo(dueAt + MINUTE);
    expect(await overdue()).toEqual(NOTHING_OVERDUE);
    travelTo(dueAt + 2 * MINUTE + 1000);
    const { oldest_age_seconds, ...shown } = await overdue();
    const oldest_due_at = new Date(dueAt).toISOString().replace(/\.\d+/, "");
    expect(shown).toEqual({ count: 1, oldest_due_at, unchecked: 0 });
    expect(oldest_age_seconds).toBeGreaterThanOrEqual(121);
    // Whoever only asks wakes nobody.
    expect([await alarmOf(path), await client.refreshes()]).toEqual([null, 0]);

    const lines = watchLog();
    const before = Date.now();
    await sweep();
    const after = Date.now();
    expect(lines).toEqual([
      expect.objectContaining({ kind: "job", job: "sweep", subject: "secrets", asked: 1, woken: 1 }),
      expect.objectContaining({ kind: "alert", what: "overdue", internal: "1 of 1 secrets were overdue" }),
    ]);
    expect(await client.refreshes()).toBe(0);
    const [alarm, next] = [Number(await alarmOf(path)), Number(await checkAtOf(path))];
    expect([alarm >= before, alarm < after + MINUTE]).toEqual([true, true]);
    expect([next >= before + 10 * MINUTE, next <= after + 10 * MINUTE]).toEqual([true, true]);

    expect(await runDurableObjectAlarm(actorOf(path))).toBe(true);
    expect(await client.refreshes()).toBe(1);
    expect((await call("GET", `${path}/token`)).body.version).toBe(2);
    travelTo((await checkAtOf(path)) ?? 0);
    expect(await overdue()).toEqual(NOTHING_OVERDUE);
    expect(await contentOf(sweepJob())).toEqual(EMPTY);
  });

  test("is woken although an alarm is set, far in the future by mistake", async () => {
    const [path = ""] = await makeSecrets(1);
    const now = await travelPastDue([path], 1);
    await runInDurableObject(actorOf(path), (_, { storage }) => storage.setAlarm(now + 1000 * HOUR));
    await sweep();
    expect(await alarmOf(path)).toBeLessThan(now + 2 * MINUTE);
  });

  test("comes to its provider at another moment than the 49 that are woken with it, within a minute", async () => {
    const paths = await makeSecrets(50);
    await Promise.all(paths.map(loseAlarm));
    const now = await travelPastDue(paths, 1);
    await sweep();
    const after = Date.now();
    const alarms = (await Promise.all(paths.map(alarmOf))).map(Number);
    expect([Math.min(...alarms) >= now, Math.max(...alarms) < after + MINUTE]).toEqual([true, true]);
    expect(Math.max(...alarms) - Math.min(...alarms)).toBeGreaterThan(MINUTE / 2);
    expect(new Set(alarms).size).toBeGreaterThan(45);
  });

  test("that is not overdue yet gets it back when it is looked at", async () => {
    const [path = ""] = await makeSecrets(1);
    const dueAt = await alarmOf(path);
    await loseAlarm(path);
    await env.DB.exec("UPDATE secrets SET check_at = 1");
    const lines = watchLog();
    await sweep();
    expect([await alarmOf(path), lines]).toEqual([dueAt, []]);
  });
});

describe("while nothing is overdue", () => {
  test("a thousand secrets cost one query", async () => {
    await insertOrphans(1000, 1, Date.now() + HOUR);
    const asked = watchInspections();
    const statements = watchStatements();
    const jobs = vi.fn<() => never>();
    await fireCron({ JOBS: { idFromName: jobs, get: jobs } });
    expect([statements.filter(isOfSweep).length, jobs.mock.calls.length, asked.length]).toEqual([1, 0, 0]);
  });

  test("a secret costs one question every six hours, give or take a tenth, and fifty of them four statements", async () => {
    const paths = await makeSecrets(50);
    await env.DB.exec("UPDATE secrets SET check_at = 1");
    const asked = watchInspections();
    const statements = watchStatements();
    const lines = watchLog();
    const before = Date.now();
    await sweep();
    const after = Date.now();
    expect(asked.toSorted()).toEqual(paths.map((path) => String(actorOf(path).id)).toSorted());
    // Is there anything? Which; when to look next; is there more?
    expect(statements.filter(isOfSweep)).toHaveLength(4);
    const next = (await Promise.all(paths.map(checkAtOf))).map(Number);
    expect(Math.min(...next)).toBeGreaterThanOrEqual(before + 5.4 * HOUR);
    expect(Math.max(...next)).toBeLessThanOrEqual(after + 6.6 * HOUR);
    expect(new Set(next).size).toBeGreaterThan(40);
    expect(lines).toEqual([]);
  });

  test("one that needs a person, or is not renewed at all, is never looked at", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const path = await client.connect(newWorkspace());
    expect(await checkAtOf(path)).toBeGreaterThan(Date.now());
    await client.fault({ status: 400, body: '{"error":"invalid_grant"}' });
    expect((await call("POST", `${path}/refresh`)).status).toBe(424);
    await eventually(async () => expect(await checkAtOf(path)).toBeNull());
    const imported = await call("POST", path.replace(/\/[^/]*$/, ""), {
      data: {
        type: "auth-secret",
        attributes: { name: "x", credentials: { access_token: "a", expires_in: 60 } },
        relationships: client.relationships,
      },
    });
    expect(await checkAtOf(imported.body.data.links.self)).toBeNull();
    travelTo(Date.now() + 1000 * HOUR);
    const asked = watchInspections();
    await sweep();
    expect(asked).toEqual([]);
  });
});

describe("an actor that fails", () => {
  test("holds up nobody, is told of, and is asked again in ten minutes", { timeout: 60_000 }, async () => {
    const paths = await makeSecrets(120);
    await Promise.all(paths.map(loseAlarm));
    const now = await travelPastDue(paths, 1);
    const [broken = "", hanging = "", ...others] = paths;
    const asked = watchInspections({
      [broken]: () => Promise.reject(new Error("this actor is broken")),
      [hanging]: () => new Promise(() => undefined),
    });
    const lines = watchLog();
    await sweep();
    expect(new Set(asked).size).toBe(120);
    const alarms = await Promise.all(others.map(alarmOf));
    expect(alarms.filter((alarm) => alarm === null)).toEqual([]);
    expect(lines.filter(({ kind }) => kind === "alert")).toEqual([
      expect.objectContaining({ what: "overdue", internal: "118 of 120 secrets were overdue" }),
      expect.objectContaining({ what: "not_inspected", internal: expect.stringMatching(/^2 of 120 .* Error: /) }),
    ]);
    for (const path of [broken, hanging]) {
      const next = ((await checkAtOf(path)) ?? 0) - now;
      expect([next >= 10 * MINUTE, next < 12 * MINUTE]).toEqual([true, true]);
    }
  });

  test("is counted as one that may be overdue", async () => {
    const [path = ""] = await makeSecrets(1);
    await travelPastDue([path], 1);
    watchInspections({ [path]: () => Promise.reject(new Error("this actor is broken")) });
    expect(await overdue()).toEqual({ ...NOTHING_OVERDUE, unchecked: 1 });
  });
});

describe("an entry of the index that leads to no secret", () => {
  test("is removed when it is older than an hour, and what is beside it stays", async () => {
    const [path = ""] = await makeSecrets(1);
    await env.DB.exec("UPDATE secrets SET check_at = 1");
    const now = Date.now();
    const [old = ""] = await insertOrphans(1, now - HOUR, 1);
    const [young = ""] = await insertOrphans(1, now - HOUR + MINUTE, 1);
    await sweep();
    expect(await checkAtOf(old)).toBeUndefined();
    expect(await checkAtOf(young)).toBeGreaterThanOrEqual(now + 10 * MINUTE);
    expect(await checkAtOf(path)).toBeGreaterThan(now + HOUR);
    expect((await call("GET", path)).status).toBe(200);
  });

  test("stays as it is when its secret has written it meanwhile", async () => {
    const [one = "", other = ""] = await insertOrphans(2, 1, 1);
    const found = await findCandidates(env.DB, 5, 10);
    expect(found.map(({ id }) => id).toSorted()).toEqual([one, other].toSorted());
    await env.DB.exec("UPDATE secrets SET check_at = 2");
    await settleCandidates(
      env.DB,
      found.filter(({ id }) => id === one).map((each) => ({ ...each, next: 9 })),
      found.filter(({ id }) => id === other),
    );
    expect([await checkAtOf(one), await checkAtOf(other)]).toEqual([2, 2]);
  });
});

describe("a sweep that is under way", () => {
  /** One that was cut off in the middle. */
  async function cutOff(alarm: number | null): Promise<void> {
    await runInDurableObject(sweepJob(), async (_, { storage }) => {
      const job = { kind: "sweep", requestId: "r", asked: 0, woken: 0, silent: 0, trouble: null };
      storage.kv.put("record", { job, startedAt: Date.now(), isPrepared: true, failures: 0 });
      await (alarm === null ? storage.deleteAlarm() : storage.setAlarm(alarm));
    });
  }

  test("is joined by the next tick", async () => {
    const [path = ""] = await makeSecrets(1);
    await travelPastDue([path], 1);
    await cutOff(Date.now() + MINUTE);
    const asked = watchInspections();
    await fireCron();
    expect(asked).toEqual([]);
    await finish(sweepJob());
    expect(asked).toHaveLength(1);
  });

  test("and has lost its own alarm gets one from the next tick", async () => {
    const [path = ""] = await makeSecrets(1);
    await travelPastDue([path], 1);
    await cutOff(null);
    const asked = watchInspections();
    await fireCron();
    await finish(sweepJob());
    expect(asked).toEqual([String(actorOf(path).id)]);
  });

  test("goes on after the database failed, and the tick that found it failing has said so", async () => {
    const [path = ""] = await makeSecrets(1);
    await travelPastDue([path], 1);
    const lines = watchLog();
    await env.DB.exec("ALTER TABLE secrets RENAME TO secrets_away");
    await cutOff(Date.now() + MINUTE);
    await fireCron();
    await runDurableObjectAlarm(sweepJob());
    await env.DB.exec("ALTER TABLE secrets_away RENAME TO secrets");
    expect(lines.map(({ what }) => what)).toEqual(["sweep_not_started", "sweep_job_failed"]);
    await finish(sweepJob());
    expect(await checkAtOf(path)).toBeGreaterThan(Date.now());
  });
});

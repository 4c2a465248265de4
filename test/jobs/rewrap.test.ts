/** The rewrap: after it nothing needs another key than the first, whoever reads and renews meanwhile, and whatever dies in between. */

import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { settingsOf } from "../../src/bindings.ts";
import { newRewrap } from "../../src/jobs/rewrap.ts";
import { SecretActor } from "../../src/secret-actor/actor.ts";
import { noteDiscovery } from "../../src/store/issuers.ts";
import { actorOf, call, ConnectedClient, newWorkspace } from "../support/api.ts";
import { contentOf, EMPTY, finish, makeClient, makeSecret } from "../support/estate.ts";
import { eventually } from "../support/eventually.ts";
import { turnRing } from "../support/keyring.ts";
import { watchLog } from "../support/log.ts";
import { emptyIndex, fireCron, idOf, MIDNIGHT, watchStatements } from "../support/overdue.ts";

const PATH = "/v2/maintenance/rewrap";
const NONE = { auth_clients: 0, issuers: 0, auth_secrets: 0 };

beforeEach(async () => {
  await emptyIndex();
  for (const table of ["auth_clients", "issuers", "rewraps"]) await env.DB.exec(`DELETE FROM ${table}`);
  await turnRing("old");
});
afterEach(() => void vi.restoreAllMocks());

function jobOf(kid: string): DurableObjectStub {
  return env.JOBS.get(env.JOBS.idFromName(`rewrap/${kid}`));
}

async function shown() {
  return (await call("GET", PATH)).body.data.attributes;
}

/** Puts a key in front of the ring as a person does: every isolate can open what it seals before the first one seals with it. */
async function rotateTo(kid: string, other: string): Promise<void> {
  await turnRing(other, kid);
  await turnRing(kid, other);
}

async function begin(): Promise<void> {
  expect((await call("POST", PATH)).status).toBe(202);
}

/** What the index says of a secret's keys. */
async function kidsOf(path: string): Promise<string | null> {
  return await env.DB.prepare("SELECT kids FROM secrets WHERE id = ?").bind(idOf(path)).first<string>("kids");
}

/** Makes secrets without tokens. */
async function makePlain(count: number): Promise<string[]> {
  const client = await makeClient("basic", []);
  return await Promise.all(Array.from({ length: count }, () => makeSecret("w", client, "basic")));
}

async function renew(path: string, version: number): Promise<void> {
  const answer = await call("POST", `${path}/refresh?rejected_version=${version - 1}`);
  expect(answer.body.data.attributes.version).toBe(version);
}

async function keepIssuer(): Promise<string> {
  const issuer = "https://issuer.example";
  const metadata = { issuer, token_endpoint: `${issuer}/token` };
  const due = { issuer, failures: 0, checkAt: 0, isUsed: true };
  await noteDiscovery(env.DB, settingsOf(env).cipher, due, { kind: "heard", metadata });
  return issuer;
}

describe("a rotation", () => {
  test("with reads and refreshes going on ends with nothing under the old key, which is then dropped (SECURITY 13)", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const paths = await Promise.all(Array.from({ length: 4 }, () => client.connect(newWorkspace())));
    const [plain = ""] = await makePlain(1);
    await keepIssuer();
    expect((await shown()).keys).toEqual([
      { kid: "old", seals: true, records: { auth_clients: 2, issuers: 1, auth_secrets: 5 }, may_be_dropped: false },
    ]);

    await rotateTo("new", "old");
    const reading = new AbortController();
    const statuses = new Set<number>();
    const readers = [...paths, plain].map(async (path) => {
      while (!reading.signal.aborted)
        statuses.add((await call("GET", path, undefined, { "cache-control": "no-cache" })).status);
    });
    const refreshes = paths.map(async (path) => (await call("POST", `${path}/refresh`)).status);
    await begin();
    expect(await Promise.all(refreshes)).toEqual([200, 200, 200, 200]);
    await finish(jobOf("new"));
    reading.abort();
    await Promise.all(readers);
    expect([...statuses]).toEqual([200]);
    expect(await client.refreshes()).toBe(4);

    const { state, keys, under_no_key, unopened, started_at, finished_at } = await shown();
    expect([state, under_no_key, unopened, started_at <= finished_at]).toEqual(["finished", NONE, [], true]);
    expect(keys).toEqual([
      { kid: "new", seals: true, records: { auth_clients: 2, issuers: 1, auth_secrets: 5 }, may_be_dropped: false },
      { kid: "old", seals: false, records: NONE, may_be_dropped: true },
    ]);

    await turnRing("new");
    await abortAllDurableObjects();
    for (const path of [...paths, plain]) {
      const { status, body } = await call("GET", path);
      expect([status, body.data.attributes.credentials]).toEqual([200, expect.anything()]);
    }
    for (const path of paths) await renew(path, 3);
  });

  test("neither loses nor overwrites a refresh that is in the air (SECURITY 13)", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const path = await client.connect(newWorkspace());
    await client.hold();
    const refreshed = call("POST", `${path}/refresh`);
    await client.refreshesAre(1);
    await rotateTo("new", "old");
    await begin();
    await eventually(async () => expect(await kidsOf(path)).toBe("new"));
    await client.release();
    expect((await refreshed).body.data.attributes.version).toBe(2);
    await finish(jobOf("new"));
    await turnRing("new");
    await abortAllDurableObjects();
    await renew(path, 3);
    expect(await client.refreshes()).toBe(2);
  });

  test("catches what an isolate with the ring before has sealed after the first pass (SECURITY 13)", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const path = await client.connect(newWorkspace());
    await rotateTo("new", "old");
    await begin();
    await eventually(async () => expect((await shown()).state).toBe("settling"));
    expect((await shown()).keys[1]).toMatchObject({ records: NONE, may_be_dropped: false });

    await turnRing("old", "new");
    await call("POST", `${path}/refresh`);
    await eventually(async () => expect(await kidsOf(path)).toContain("old"));
    await turnRing("new", "old");
    expect((await shown()).keys[1].records).toEqual({ ...NONE, auth_secrets: 1 });
    await finish(jobOf("new"));
    expect(await kidsOf(path)).toBe("new");
    expect((await shown()).keys[1]).toMatchObject({ records: NONE, may_be_dropped: true });
  });

  test("costs D1 one write for a secret that is renewed under the new key, and none for the next renewals", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const path = await client.connect(newWorkspace());
    const statements = watchStatements();
    const writes = () => statements.filter((sql) => sql.startsWith("INSERT INTO secrets")).length;
    await renew(path, 2);
    expect(writes()).toBe(0);
    await rotateTo("new", "old");
    await renew(path, 3);
    await eventually(async () => expect(await kidsOf(path)).toBe("new old"));
    await renew(path, 4);
    expect(writes()).toBe(1);
  });
});

describe("a rewrap", () => {
  test("that died in the middle and lost its alarm is gone on with by the cron trigger at midnight (SECURITY 13)", async () => {
    const paths = (await makePlain(60)).toSorted((one, other) => idOf(one).localeCompare(idOf(other)));
    await rotateTo("new", "old");
    await runInDurableObject(jobOf("new"), async (_, { storage }) => {
      const job = { ...newRewrap("new", "r"), at: "authSecrets", after: idOf(paths[29] ?? "") };
      storage.kv.put("record", { job, startedAt: Date.now(), isPrepared: false, failures: 0 });
    });
    await fireCron(undefined, MIDNIGHT);
    await runDurableObjectAlarm(jobOf("new"));
    const half = await Promise.all(paths.map(kidsOf));
    expect(half).toEqual(paths.map((_, index) => (index < 30 ? "old" : "new")));
    await finish(jobOf("new"));
    expect(new Set(await Promise.all(paths.map(kidsOf)))).toEqual(new Set(["new"]));
    expect((await shown()).done).toEqual({ ...NONE, auth_clients: 1, auth_secrets: 60 });
  });

  test("counts and names what does not open, and brings the rest under the key (SECURITY 13) (SECURITY 14)", async () => {
    await turnRing("lost");
    const [lost = ""] = await makePlain(1);
    await turnRing("old");
    const [path = ""] = await makePlain(1);
    await rotateTo("new", "old");
    const lines = watchLog();
    await begin();
    await finish(jobOf("new"));
    const { state, keys, under_no_key, unopened } = await shown();
    expect([state, keys[1].may_be_dropped, under_no_key]).toEqual([
      "finished",
      true,
      { auth_clients: 1, issuers: 0, auth_secrets: 1 },
    ]);
    expect(unopened).toEqual([expect.stringMatching(/^auth-client\//), `workspace/w/auth-secret/${idOf(lost)}`]);
    expect(await kidsOf(path)).toBe("new");
    const alerts = lines.filter(({ kind }) => kind === "alert");
    expect(alerts).toEqual([
      expect.objectContaining({ what: "rewrap_unopened", internal: expect.stringContaining(idOf(lost)) }),
    ]);
    expect(lines.filter(({ kind }) => kind === "job")).toEqual([
      expect.objectContaining({ job: "rewrap_started", subject: "new" }),
      expect.objectContaining({ job: "rewrap", subject: "new" }),
    ]);
    expect(await contentOf(jobOf("new"))).toEqual(EMPTY);
  });

  test("asks an actor that fails again, and is not finished before it did it", async () => {
    const [path = "", other = ""] = await makePlain(2);
    await rotateTo("new", "old");
    const failing = String(actorOf(path).id);
    const work: SecretActor["rewrap"] = Reflect.get(SecretActor.prototype, "rewrap");
    const spy = vi.spyOn(SecretActor.prototype, "rewrap").mockImplementation(async function (this: SecretActor, input) {
      const { id } = (this as unknown as { ctx: DurableObjectState }).ctx;
      if (String(id) === failing) throw new Error("this actor is broken");
      return await work.call(this, input);
    });
    const lines = watchLog();
    await begin();
    for (let passes = 0; passes < 3; passes++) await runDurableObjectAlarm(jobOf("new"));
    expect(await shown()).toMatchObject({ state: "settling", behind: [expect.stringContaining(idOf(path))] });
    expect([await kidsOf(other), lines.some(({ what }) => what === "rewrap_behind")]).toEqual(["new", true]);
    spy.mockRestore();
    await finish(jobOf("new"));
    expect(await shown()).toMatchObject({ state: "finished", behind: [] });
  });

  test("asks secrets that have never said under which key they are", async () => {
    const [path = ""] = await makePlain(1);
    await env.DB.exec("UPDATE secrets SET kids = NULL");
    expect((await shown()).keys[0].records.auth_secrets).toBe(1);
    await begin();
    await finish(jobOf("old"));
    expect([await kidsOf(path), (await shown()).under_no_key]).toEqual(["old", NONE]);
  });

  test("lets no key be dropped while a secret that does not open has not said which one it needs (SECURITY 13)", async () => {
    await turnRing("lost");
    const [lost = ""] = await makePlain(1);
    await env.DB.exec("UPDATE secrets SET kids = NULL");
    await turnRing("old");
    await rotateTo("new", "old");
    await begin();
    await finish(jobOf("new"));
    const { state, keys, unopened } = await shown();
    expect([state, keys[1].records.auth_secrets, keys[1].may_be_dropped]).toEqual(["finished", 1, false]);
    expect(unopened).toContain(`workspace/w/auth-secret/${idOf(lost)}`);
    expect((await call("DELETE", lost)).status).toBe(204);
    expect((await shown()).keys[1].may_be_dropped).toBe(true);
  });

  test("ends for the day when an actor never answers, whose key stays needed (SECURITY 13)", async () => {
    const [path = ""] = await makePlain(1);
    await rotateTo("new", "old");
    vi.spyOn(SecretActor.prototype, "rewrap").mockRejectedValue(new Error("this actor is broken"));
    await begin();
    await finish(jobOf("new"));
    const { state, keys, behind } = await shown();
    expect([state, keys[1].records.auth_secrets, keys[1].may_be_dropped]).toEqual(["finished", 1, false]);
    expect(behind).toEqual([expect.stringContaining(idOf(path))]);
  });
});

describe("the cron trigger", () => {
  test("begins one at midnight where another key is needed, and at no other time", async () => {
    const [path = ""] = await makePlain(1);
    await rotateTo("new", "old");
    await fireCron();
    expect(await contentOf(jobOf("new"))).toEqual(EMPTY);
    await fireCron(undefined, MIDNIGHT);
    await finish(jobOf("new"));
    expect([await kidsOf(path), (await shown()).state]).toEqual(["new", "finished"]);
  });

  test("begins none while the first key is all that it takes", async () => {
    await makePlain(1);
    await fireCron(undefined, MIDNIGHT);
    expect([await contentOf(jobOf("old")), (await shown()).state]).toEqual([EMPTY, "never"]);
  });
});

/** What an actor says when the sweep asks it, what it does then, and what it has the index say about being asked at all. */

import { describe, expect, test } from "vitest";
import { SecretKeeper } from "../../src/secret-actor/keeper.ts";
import type { IndexEntry } from "../../src/store/secrets.ts";
import { FakeWorld, Gate, granted, imported, settle, T0 } from "../support/fake-ports.ts";
import type { Content } from "../../src/secret-actor/door.ts";
import type { Heard } from "../../src/domain/oauth2/response.ts";

const MINUTE = 60_000;
/** An imported token lives for an hour. */
const DUE = T0 + 59 * MINUTE;
const WAKE = { wake: true, spreadMs: MINUTE };
const LOOK = { wake: false, spreadMs: 0 };
const READ = { trigger: "read", requestId: "r" } as const;
const MANUAL = { trigger: "manual", requestId: "r" } as const;

async function newKeeper(tokens: Partial<Content & { kind: "token" }> = {}) {
  const world = await FakeWorld.create();
  const entries: IndexEntry[] = [];
  const put = world.putIndexEntry;
  Object.assign(world, {
    putIndexEntry: (...[secret, entry, seen]: Parameters<typeof put>) => {
      entries.push(entry);
      return put(secret, entry, seen);
    },
  });
  const keeper = new SecretKeeper(world);
  await keeper.create(imported(world, {}, tokens));
  world.answers = [async () => granted(world, 2)];
  return { world, keeper, entries };
}

describe("an overdue secret", () => {
  test("is woken within the spread, and its alarm renews it", async () => {
    const { world, keeper } = await newKeeper();
    world.time = DUE + 2 * MINUTE;
    world.alarm = null;
    const before = structuredClone(world.stored);
    expect(await keeper.inspect(WAKE)).toEqual({ overdueSince: DUE, nextDueAt: DUE });
    expect([world.alarm, world.requests]).toEqual([world.time + MINUTE / 2, 0]);
    expect(world.stored).toEqual(before);

    world.time = world.alarm ?? 0;
    await keeper.alarm("r");
    await settle();
    expect(world.requests).toBe(1);
    expect(await keeper.inspect(WAKE)).toEqual({ overdueSince: null, nextDueAt: world.time + 59 * MINUTE });
  });

  test("is woken although its alarm is set, far in the future by mistake", async () => {
    const { world, keeper } = await newKeeper();
    world.time = DUE + 2 * MINUTE;
    world.alarm = world.time + 1000 * MINUTE;
    await keeper.inspect(WAKE);
    expect(world.alarm).toBe(world.time + MINUTE / 2);
  });

  test("is left alone by who only looks", async () => {
    const { world, keeper } = await newKeeper();
    world.time = DUE + 2 * MINUTE;
    world.alarm = null;
    expect(await keeper.inspect(LOOK)).toMatchObject({ overdueSince: DUE });
    expect(world.alarm).toBeNull();
  });

  test("that is being renewed is not overdue, and its alarm stays as it is", async () => {
    const { world, keeper } = await newKeeper();
    world.time = DUE + 10 * MINUTE;
    const gate = new Gate<Heard>();
    world.answers = [() => gate.opened];
    const read = keeper.read(READ, { minTtlSeconds: 0, requireToken: false });
    await settle();
    expect(world.requests).toBe(1);
    // Even one that takes so long that another process would call it lost.
    world.time += 4 * MINUTE;
    const { alarm } = world;
    expect(await keeper.inspect(WAKE)).toMatchObject({ overdueSince: null });
    expect(world.alarm).toBe(alarm);
    gate.open(granted(world, 2));
    await read;
    await settle();
    expect(await keeper.inspect(WAKE)).toMatchObject({ overdueSince: null });
  });
});

describe("a secret that is not overdue", () => {
  test("gets its alarm back when that is missing", async () => {
    const { world, keeper } = await newKeeper();
    world.alarm = null;
    expect(await keeper.inspect(WAKE)).toEqual({ overdueSince: null, nextDueAt: DUE });
    expect(world.alarm).toBe(DUE);
  });

  test("costs no row when its alarm is set", async () => {
    const { world, keeper } = await newKeeper();
    world.rowsWritten = 0;
    const alarms = world.alarms.length;
    await keeper.inspect(WAKE);
    expect([world.rowsWritten, world.alarms.length]).toEqual([0, alarms]);
  });

  test("is not there: not_found", async () => {
    const keeper = new SecretKeeper(await FakeWorld.create());
    await expect(keeper.inspect(WAKE)).rejects.toThrowError("not_found");
  });
});

describe("the index says when to look first", () => {
  const looks = (entries: IndexEntry[]) => entries.map(({ checkAt }) => checkAt);

  test("two minutes after the refresh is due; an ordinary refresh writes nothing there", async () => {
    const { world, keeper, entries } = await newKeeper();
    expect(looks(entries)).toEqual([DUE + 2 * MINUTE]);
    for (let renewals = 0; renewals < 3; renewals++) {
      world.time = world.alarm ?? 0;
      world.alarm = null;
      await keeper.alarm("r");
      await settle();
    }
    expect([world.requests, entries.length]).toEqual([3, 1]);
  });

  test("never, for one that has no refresh token; from when it gets one, it does", async () => {
    const { world, keeper, entries } = await newKeeper({ refreshToken: null });
    expect(looks(entries)).toEqual([null]);
    const { content } = imported(world);
    await keeper.change({ requestId: "r", name: undefined, content, reported: undefined });
    expect(looks(entries)).toEqual([null, DUE + 2 * MINUTE]);
  });

  test("never any more, once a person has to consent again", async () => {
    const { world, keeper, entries } = await newKeeper();
    const refusal = { class: "reauthorize", reason: "consent_required", retryAfterSeconds: null } as const;
    world.answers = [async () => ({ kind: "refused", refusal })];
    await expect(keeper.refresh(MANUAL, null)).rejects.toThrowError("reauthorization_required");
    await settle();
    expect(entries.at(-1)).toEqual({ name: "x", state: "error", checkAt: null, kids: "k" });
    expect(await keeper.inspect(LOOK)).toEqual({ overdueSince: null, nextDueAt: null });
  });

  test("once for a secret that was stored before it could", async () => {
    const { world, entries } = await newKeeper();
    Object.assign(world.stored ?? {}, { indexed: { name: "x", state: "ready" } });
    const keeper = new SecretKeeper(world);
    for (const number of [2, 3]) {
      world.answers = [async () => granted(world, number)];
      world.time = world.alarm ?? 0;
      world.alarm = null;
      await keeper.alarm("r");
      await settle();
    }
    expect([world.requests, entries.length]).toEqual([2, 2]);
  });
});

/** A secret's turn at its provider: when the budget is asked, what being held back means, and that every place is given back. */

import { describe, expect, test } from "vitest";
import type { Admission, HeldBack } from "../../src/domain/provider-budget.ts";
import type { Heard, Refusal } from "../../src/domain/oauth2/response.ts";
import { ServiceError } from "../../src/errors.ts";
import { accessTokenOf, Gate, imported, newKeeper, settle, T0 } from "../support/fake-ports.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const MANUAL = { trigger: "manual", requestId: "r" } as const;
const READ = { trigger: "read", requestId: "r" } as const;
const ASKED = { minTtlSeconds: 0, requireToken: true, waits: true } as const;
const GO: Admission = { kind: "go" };

function heldBack(until: number, because: HeldBack["because"] = "provider_down"): () => Promise<Admission> {
  return async () => ({ kind: "held_back", until, because });
}

function refused(kind: Refusal["class"], reason: Refusal["reason"]): () => Promise<Heard> {
  return async () => ({ kind: "refused", refusal: { class: kind, reason, retryAfterSeconds: null } });
}

async function failureOf(work: Promise<unknown>): Promise<ServiceError["failure"]> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ServiceError)) throw new Error("nothing was refused");
  return error.failure;
}

describe("the budget", () => {
  test("is not asked for reads that need no renewal", async () => {
    const { world, keeper } = await newKeeper();
    for (let reads = 0; reads < 100; reads++) await keeper.read(READ, ASKED);
    await keeper.read(READ, { ...ASKED, minTtlSeconds: 600 });
    expect([world.asked, world.told]).toEqual([0, []]);
  });

  test("is asked once for a renewal, however many wait for it, and told once", async () => {
    const { world, keeper } = await newKeeper();
    world.time = T0 + 60 * MINUTE;
    const views = await Promise.all(Array.from({ length: 50 }, () => keeper.read(READ, ASKED)));
    expect(new Set(views.map(accessTokenOf))).toEqual(new Set(["access-2"]));
    expect([world.asked, world.told, world.requests]).toEqual([1, ["answered"], 1]);
  });

  test("is asked before the journal is written", async () => {
    const { world, keeper } = await newKeeper();
    const gate = new Gate<Admission>();
    world.admissions = [() => gate.opened];
    const renewal = keeper.refresh(MANUAL, null);
    await settle();
    expect([world.asked, world.requests, world.stored?.secret?.attempt]).toEqual([1, 0, null]);
    gate.open(GO);
    expect((await renewal).version).toBe(2);
  });

  test("is not asked for a client that cannot be used, nor is the journal written", async () => {
    const { world, keeper } = await newKeeper();
    world.client = async () => null;
    const before = world.rowsWritten;
    expect((await failureOf(keeper.refresh(MANUAL, null))).code).toBe("client_misconfigured");
    await settle();
    expect([world.asked, world.requests, world.stored?.secret?.trouble?.reason]).toEqual([0, 0, "client_gone"]);
    // The outcome with its alarm, and the index with its own: no journal.
    expect(world.rowsWritten - before).toBe(4);
    expect(world.lines).toContainEqual(expect.objectContaining({ outcome: "refused", reason: "client_gone" }));
  });

  test.each<[string, () => Promise<Heard>, string]>([
    ["HTTP 503", refused("ambiguous", "http_503"), "down"],
    ["a connection that broke", refused("ambiguous", "provider_unreachable"), "down"],
    ["HTTP 429", refused("rate_limited", "rate_limited"), "answered"],
    ["invalid_client", refused("config_error", "invalid_client"), "answered"],
    ["nothing that can be worked with", () => Promise.reject(new TypeError("nobody expected this")), "unknown"],
  ])("hears what came of a request: %s", async (_, answer, outcome) => {
    const { world, keeper } = await newKeeper();
    world.answers = [answer];
    world.time = T0 + 59 * MINUTE;
    await keeper.alarm("r");
    expect(world.told).toEqual([outcome]);
  });

  test("that does not hear of the end keeps nobody waiting", async () => {
    const { world, keeper } = await newKeeper();
    world.budget.leave = () => new Gate<void>().opened;
    expect((await keeper.refresh(MANUAL, null)).version).toBe(2);
  });
});

describe("a place that was given", () => {
  test("is given back when the secret is deleted while it stands in line, and nothing is sent or stored", async () => {
    const { world, keeper } = await newKeeper();
    const gate = new Gate<Admission>();
    world.admissions = [() => gate.opened];
    const renewal = failureOf(keeper.refresh(MANUAL, null));
    await settle();
    await keeper.erase(MANUAL);
    gate.open(GO);
    expect((await renewal).code).toBe("not_found");
    await settle();
    expect([world.told, world.requests, world.stored, world.alarm]).toEqual([["unknown"], 0, null, null]);
  });

  test("is given back when new credentials come first, which stay", async () => {
    const { world, keeper } = await newKeeper();
    const gate = new Gate<Admission>();
    world.admissions = [() => gate.opened];
    const renewal = keeper.refresh(MANUAL, 1);
    await settle();
    const { content } = imported(world, {}, { accessToken: "by-hand" });
    await keeper.change({ requestId: "r", name: undefined, content, reported: undefined });
    gate.open(GO);
    expect(accessTokenOf(await renewal)).toBe("by-hand");
    expect([world.told, world.requests]).toEqual([["unknown"], 0]);
  });

  test("is given back when the journal cannot be written", async () => {
    const { world, keeper } = await newKeeper();
    world.beforeSave = () => {
      throw new Error("storage is broken");
    };
    await expect(keeper.refresh(MANUAL, null)).rejects.toThrowError("storage is broken");
    expect([world.told, world.requests]).toEqual([["unknown"], 0]);
  });

  test("is given back when the outcome cannot be stored", async () => {
    const { world, keeper } = await newKeeper();
    world.breakOutcomes();
    await expect(keeper.refresh(MANUAL, null)).rejects.toThrowError("storage is broken");
    expect(world.told).toEqual(["answered"]);
  });
});

describe("a secret that is held back", () => {
  test("because its provider is down shows it, and is tried at the instant that it was told", async () => {
    const { world, keeper } = await newKeeper();
    world.time = T0 + 59 * MINUTE;
    world.alarm = null;
    const until = world.time + 20 * SECOND;
    world.admissions = [heldBack(until), async () => GO];
    await keeper.alarm("r");
    const trouble = { kind: "retrying", reason: "provider_unreachable", since: world.time, failures: 0 };
    expect(world.stored?.secret).toMatchObject({ attempt: null, refreshAt: until, trouble });
    expect([world.requests, world.told, world.alarm]).toEqual([0, [], until]);
    expect(world.lines).toContainEqual(expect.objectContaining({ outcome: "held_back", reason: "provider_down" }));
    const { health, credentials } = await keeper.read(READ, ASKED);
    expect([health.status, credentials]).toEqual(["degraded", expect.objectContaining({ accessToken: "access-1" })]);
    expect(world.asked).toBe(1);

    world.time = until;
    world.alarm = null;
    await keeper.alarm("r");
    expect(world.stored?.secret).toMatchObject({ version: 2, trouble: null });
  });

  test("because there was no room has no trouble", async () => {
    const { world, keeper } = await newKeeper();
    world.time = T0 + 59 * MINUTE;
    world.alarm = null;
    world.admissions = [heldBack(world.time + 3 * SECOND, "no_room"), async () => GO];
    await keeper.alarm("r");
    expect(world.stored?.secret).toMatchObject({ refreshAt: world.time + 3 * SECOND, trouble: null });
    expect([world.alarm, (await keeper.read(READ, ASKED)).health.status]).toEqual([world.time + 3 * SECOND, "ok"]);
    expect(world.asked).toBe(1);
  });

  test("remembers that an earlier answer was lost", async () => {
    const { world, keeper } = await newKeeper();
    world.breakOutcomes();
    await expect(keeper.refresh(MANUAL, null)).rejects.toThrowError("storage is broken");
    world.beforeSave = () => {};
    world.admissions = [heldBack(world.time + MINUTE)];
    await failureOf(keeper.refresh(MANUAL, null));
    const trouble = { reason: "interrupted", ambiguous: true, failures: 1 };
    expect(world.stored?.secret).toMatchObject({ attempt: null, refreshAt: world.time + MINUTE, trouble });
  });

  test.each<[string, HeldBack["because"]]>([
    ["its provider is down", "provider_down"],
    ["there is no room", "no_room"],
  ])(
    "because %s answers the reader of an expired token at once, with the instant at which to come again",
    async (...[, because]) => {
      const { world, keeper } = await newKeeper();
      world.time = T0 + 61 * MINUTE;
      const startedAt = world.time;
      world.admissions = [heldBack(world.time + 40 * SECOND, because)];
      for (let reads = 0; reads < 5; reads++) {
        expect(await failureOf(keeper.read(READ, ASKED))).toMatchObject({
          code: "provider_unreachable",
          retryAfterSeconds: 40,
        });
      }
      expect([world.asked, world.requests, world.time]).toEqual([1, 0, startedAt]);
    },
  );

  test.each<[string, HeldBack["because"]]>([
    ["its provider is down", "provider_down"],
    ["there is no room", "no_room"],
  ])(
    "because %s keeps a reader who has the patience until that instant, and then has a token",
    async (...[, because]) => {
      const { world, keeper } = await newKeeper();
      world.time = T0 + 61 * MINUTE;
      const until = world.time + 8 * SECOND;
      world.admissions = [heldBack(until, because), async () => GO];
      expect(accessTokenOf(await keeper.read(READ, ASKED))).toBe("access-2");
      expect([world.asked, world.requests, world.time]).toEqual([2, 1, until]);
    },
  );

  test.each<[string, HeldBack["because"]]>([
    ["its provider is down", "provider_down"],
    ["there is no room", "no_room"],
  ])(
    "because %s is not asked for again by somebody who wants a renewal, before that instant",
    async (...[, because]) => {
      const { world, keeper } = await newKeeper();
      world.admissions = [heldBack(T0 + 40 * SECOND, because), async () => GO];
      for (let requests = 0; requests < 5; requests++) {
        expect(await failureOf(keeper.refresh(MANUAL, null))).toMatchObject({ retryAfterSeconds: 40 });
      }
      expect([world.asked, world.requests]).toEqual([1, 0]);
      world.time = T0 + 30 * SECOND;
      expect((await keeper.refresh(MANUAL, null)).version).toBe(2);
      expect([world.asked, world.requests, world.time]).toEqual([2, 1, T0 + 40 * SECOND]);
    },
  );
});

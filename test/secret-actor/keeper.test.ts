/** The actor's logic where timing decides: each test holds D1, the provider or storage at the moment that would hurt. */

import { describe, expect, test } from "vitest";
import { ServiceError } from "../../src/errors.ts";
import { SecretKeeper } from "../../src/secret-actor/keeper.ts";
import { accessTokenOf, FakeWorld, Gate, granted, imported, newKeeper, settle, T0 } from "../support/fake-ports.ts";
import type { AuthClientId, AuthorizationId, SecretId, WorkspaceId } from "../../src/domain/ids.ts";
import type { Heard } from "../../src/domain/oauth2/response.ts";
import type { NewAuthorization } from "../../src/secret-actor/door.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const MANUAL = { trigger: "manual", requestId: "r" } as const;
const READ = { trigger: "read", requestId: "r" } as const;
const ASKED = { minTtlSeconds: 0, requireToken: true, waits: true } as const;

describe("deletion", () => {
  test("during the journal's preparation stays final, at every turn", async () => {
    for (let turns = 0; turns < 24; turns++) {
      const { world, keeper } = await newKeeper();
      const renewal = keeper.refresh(MANUAL, null).catch((error: ServiceError) => error.failure.code);
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      await keeper.erase(MANUAL);
      await renewal;
      await settle();
      expect([world.stored, world.alarm, world.index.size], `after ${turns} turns`).toEqual([null, null, 0]);
    }
  });

  test("waits for an index write that is under way, so that no entry outlives the secret", async () => {
    const { world, keeper } = await newKeeper();
    world.answers = [
      async () => ({
        kind: "refused",
        refusal: { class: "config_error", reason: "invalid_client", retryAfterSeconds: null },
      }),
    ];
    const gate = new Gate<void>();
    world.put = () => gate.opened;
    await expect(keeper.refresh(MANUAL, null)).rejects.toThrowError("client_misconfigured");
    const deletion = keeper.erase(MANUAL);
    await settle();
    gate.open();
    await deletion;
    await settle();
    expect([world.stored, world.index.size]).toEqual([null, 0]);
  });

  test("that the index does not take leaves the secret whole", async () => {
    const { world, keeper } = await newKeeper();
    world.remove = () => Promise.reject(new Error("D1 is down"));
    await expect(keeper.erase(MANUAL)).rejects.toThrowError("D1 is down");
    expect(accessTokenOf(await keeper.read(READ, ASKED))).toBe("access-1");
    // Whatever became of the entry, the alarm sees to it.
    expect(world.alarm).toBe(T0 + MINUTE);
  });
});

describe("deletion that storage refuses", () => {
  test("leaves the secret to be deleted again", async () => {
    const { world, keeper } = await newKeeper();
    world.beforeErase = () => {
      throw new Error("storage is broken");
    };
    await expect(keeper.erase(MANUAL)).rejects.toThrowError("storage is broken");
    expect(accessTokenOf(await keeper.read(READ, ASKED))).toBe("access-1");
    world.beforeErase = () => {};
    await keeper.erase(MANUAL);
    expect(world.stored).toBeNull();
  });

  test("of an import that nobody was told of is tried again by the alarm", async () => {
    const { world } = await newKeeper();
    if (world.stored !== null) world.stored = { ...world.stored, unconfirmed: true };
    const next = new SecretKeeper(world);
    world.beforeErase = () => {
      throw new Error("storage is broken");
    };
    world.alarm = null;
    await next.alarm("r");
    expect(world.alarm).toBe(world.time + MINUTE);
    world.beforeErase = () => {};
    await next.alarm("r");
    expect([world.stored, world.alarm]).toEqual([null, null]);
  });
});

describe("deletion whose answer is lost", () => {
  test("leaves a secret that goes back into the index", async () => {
    const { world, keeper } = await newKeeper();
    world.remove = () => {
      world.index.delete("s1");
      return Promise.reject(new Error("the answer was lost"));
    };
    await expect(keeper.erase(MANUAL)).rejects.toThrowError("the answer was lost");
    expect(world.index.size).toBe(0);
    world.time = world.alarm ?? 0;
    expect(world.time).toBe(T0 + MINUTE);
    world.alarm = null;
    await keeper.alarm("r");
    await settle();
    expect([world.index.get("s1"), world.alarm]).toEqual(["ready", T0 + 59 * MINUTE]);
  });

  test("leaves nothing when the client is gone as well", async () => {
    const { world, keeper } = await newKeeper();
    world.remove = () => Promise.reject(new Error("the answer was lost"));
    await expect(keeper.erase(MANUAL)).rejects.toThrowError("the answer was lost");
    world.put = () => Promise.reject(new ServiceError("conflict", "The auth client was deleted meanwhile."));
    world.alarm = null;
    await keeper.alarm("r");
    await settle();
    expect([world.stored, world.alarm]).toEqual([null, null]);
  });
});

describe("a database that does not answer", () => {
  test("delays neither the alarm nor, for long, a deletion", async () => {
    const { world, keeper } = await newKeeper();
    world.isImpatient = true;
    world.answers = [
      async () => ({
        kind: "refused",
        refusal: { class: "config_error", reason: "invalid_client", retryAfterSeconds: null },
      }),
    ];
    world.put = world.remove = () => new Gate<void>().opened;
    await expect(keeper.refresh(MANUAL, null)).rejects.toThrowError("client_misconfigured");
    world.alarm = null;
    await keeper.alarm("r");
    expect(world.alarm).not.toBeNull();
    await expect(keeper.erase(MANUAL)).rejects.toThrowError("D1 does not answer in time");
  });

  test("makes nobody believe that a token which was brought lives longer", async () => {
    const { world, keeper } = await newKeeper();
    world.isImpatient = true;
    world.client = () => new Gate<never>().opened;
    const { content } = imported(world, {}, { expiresIn: 600 });
    await keeper.change({ requestId: "r", name: undefined, reported: undefined, content });
    expect(world.time).toBeGreaterThan(T0);
    expect(world.stored?.secret?.expiresAt).toBe(T0 + 600 * SECOND);
  });

  test("is not asked every second to forget a flow", async () => {
    const world = await FakeWorld.create();
    const keeper = new SecretKeeper(world);
    await keeper.consent.authorize(newFlow(world, { renews: false }));
    world.time = T0 + 25 * 60 * MINUTE;
    world.remove = () => Promise.reject(new Error("D1 is down"));
    world.alarm = null;
    await keeper.alarm("r");
    expect(world.alarm).toBe(world.time + MINUTE);
  });
});

describe("an import", () => {
  test("spends nothing before its caller can be told", async () => {
    const world = await FakeWorld.create();
    const keeper = new SecretKeeper(world);
    const gate = new Gate<void>();
    world.put = () => gate.opened;
    const creation = keeper.create(imported(world, {}, { expiresIn: 0 }));
    await settle();
    expect(world.alarm).toBe(T0 + MINUTE);
    gate.fail(new Error("D1 is down"));
    await expect(creation).rejects.toThrowError("D1 is down");
    expect([world.requests, world.stored, world.alarm]).toEqual([0, null, null]);
  });

  test("that was never confirmed goes again, when the index answers", async () => {
    const world = await FakeWorld.create();
    world.put = world.remove = () => Promise.reject(new Error("D1 is down"));
    await expect(new SecretKeeper(world).create(imported(world))).rejects.toThrowError("D1 is down");
    expect(world.stored?.unconfirmed).toBe(true);

    world.time += MINUTE;
    world.alarm = null;
    const woken = new SecretKeeper(world);
    await woken.alarm("r");
    expect(world.alarm).toBe(world.time + MINUTE);
    world.remove = async () => {};
    world.alarm = null;
    await woken.alarm("r");
    expect([world.stored, world.alarm, world.requests]).toEqual([null, null, 0]);
  });

  test("that is confirmed while the alarm waits its turn stays", async () => {
    const world = await FakeWorld.create();
    const keeper = new SecretKeeper(world);
    const gate = new Gate<void>();
    world.put = () => gate.opened;
    const creation = keeper.create(imported(world));
    await settle();
    world.time += MINUTE;
    const alarm = keeper.alarm("r");
    await settle();
    gate.open();
    await Promise.all([creation, alarm]);
    expect(world.stored?.unconfirmed).toBe(false);
    expect(world.alarm).toBe(T0 + 59 * MINUTE);
  });

  test.each([
    ["expires_in 0", { expiresIn: 0 }],
    ["an instant in the past", { expiresIn: null, expiresAt: T0 - 1 }],
    ["a JWT that is over", { expiresIn: null, accessToken: "eyJhbGciOiJub25lIn0.eyJleHAiOjEwMDB9." }],
  ])("of a token that has expired, by %s, serves it to nobody", async (_, changes) => {
    const world = await FakeWorld.create();
    const keeper = new SecretKeeper(world);
    const view = await keeper.create(imported(world, {}, { refreshToken: null, ...changes }));
    expect([accessTokenOf(view), view.health.status]).toEqual([null, "expired"]);
    await expect(keeper.read(READ, ASKED)).rejects.toThrowError("reauthorization_required");
  });
});

describe("the alarm", () => {
  test("of a clock that is ahead of ours does not ring again and again until ours has come there", async () => {
    const { world, keeper } = await newKeeper();
    const due = T0 + 59 * MINUTE;
    world.time = due - 2500;
    world.alarm = null;
    await keeper.alarm("r");
    expect([world.requests, world.alarm]).toEqual([0, due + SECOND]);
  });

  test("joins a flight that is under way, however late it is, and never rings in a circle", async () => {
    const { world, keeper } = await newKeeper();
    const gate = new Gate<Heard>();
    world.answers = [() => gate.opened];
    const renewal = keeper.refresh(MANUAL, null);
    await settle();
    world.time += 2 * MINUTE;
    world.alarm = null;
    const alarm = keeper.alarm("r");
    await settle();
    expect([world.requests, world.alarm]).toEqual([1, null]);
    gate.open(granted(world, 2));
    await Promise.all([renewal, alarm]);
    expect(world.alarm).toBe(world.time + 59 * MINUTE);
  });

  test("closes an attempt that no process is making", async () => {
    const { world, keeper } = await newKeeper();
    world.answers = [() => new Gate<Heard>().opened];
    void keeper.refresh(MANUAL, null);
    await settle();
    const woken = new SecretKeeper(world);
    await settle();
    expect(world.stored?.secret).toMatchObject({ attempt: null, trouble: { reason: "interrupted", ambiguous: true } });
    world.answers = [async () => granted(world, 2)];
    world.time = world.alarm ?? 0;
    world.alarm = null;
    await woken.alarm("r");
    expect(world.stored?.secret).toMatchObject({ version: 2, trouble: null });
  });

  test("survives a database that does not answer, with the client as last seen", async () => {
    const { world, keeper } = await newKeeper();
    await keeper.refresh(MANUAL, 1);
    world.client = () => Promise.reject(new Error("D1 is down"));
    world.answers = [async () => granted(world, 3)];
    world.time += 59 * MINUTE;
    world.alarm = null;
    await keeper.alarm("r");
    expect(world.stored?.secret?.version).toBe(3);
  });

  test("wakes once more for a token that is not renewed, to tell the index that it has expired", async () => {
    const world = await FakeWorld.create();
    const keeper = new SecretKeeper(world);
    await keeper.create(imported(world, {}, { refreshToken: null }));
    expect([world.alarm, world.index.get("s1")]).toEqual([T0 + 60 * MINUTE, "ready"]);
    world.time = T0 + 60 * MINUTE;
    world.alarm = null;
    await keeper.alarm("r");
    await settle();
    expect([world.alarm, world.index.get("s1")]).toEqual([null, "error"]);
  });
});

describe("a renewal", () => {
  test.each([
    ["by the alarm", 3],
    ["that a caller asked for", 4],
  ])("%s writes %i rows in the actor, and none in the index", async (how, rows) => {
    const { world, keeper } = await newKeeper();
    world.time = T0 + 59 * MINUTE;
    [world.rowsWritten, world.indexWrites] = [0, 0];
    if (how === "by the alarm") await keeper.alarm("r");
    else await keeper.refresh(MANUAL, null);
    await settle();
    expect([world.stored?.secret?.version, world.rowsWritten, world.indexWrites]).toEqual([2, rows, 0]);
  });

  test("whose answer cannot be worked with closes its journal", async () => {
    const { world, keeper } = await newKeeper();
    world.answers = [() => Promise.reject(new TypeError("nobody expected this"))];
    world.time = T0 + 59 * MINUTE;
    world.alarm = null;
    await keeper.alarm("r");
    expect(world.stored?.secret).toMatchObject({ attempt: null, trouble: { kind: "retrying", ambiguous: true } });
    expect(world.alarm).toBe(world.time + SECOND);
    expect(world.lines).toContainEqual(expect.objectContaining({ kind: "alert", what: "attempt_failed" }));
    expect(accessTokenOf(await keeper.read(READ, ASKED))).toBe("access-1");
  });

  test("whose first answer is lost serves all who asked for it, by one more request", async () => {
    const { world, keeper } = await newKeeper();
    const lost = { class: "ambiguous", reason: "http_502", retryAfterSeconds: null } as const;
    world.answers = [async () => ({ kind: "refused", refusal: lost }), async () => granted(world, 2)];
    const answers = await Promise.allSettled(Array.from({ length: 20 }, () => keeper.refresh(MANUAL, null)));
    expect(answers.map((answer) => answer.status === "fulfilled" && answer.value.version)).toEqual(
      Array.from({ length: 20 }, () => 2),
    );
    expect(world.requests).toBe(2);
  });

  test("that cannot be stored is no reason to withhold a valid token", async () => {
    const { world, keeper } = await newKeeper();
    world.time = T0 + 60 * MINUTE - 5 * SECOND;
    world.beforeSave = () => {
      throw new Error("storage is broken");
    };
    expect(accessTokenOf(await keeper.read(READ, ASKED))).toBe("access-1");
    world.time = T0 + 60 * MINUTE;
    await expect(keeper.read(READ, ASKED)).rejects.toThrowError("storage is broken");
  });

  test("that cannot be stored at first is stored a moment later, and not shown before", async () => {
    const { world, keeper } = await newKeeper();
    world.breakOutcomes(3);
    const renewal = keeper.refresh(MANUAL, null);
    expect(world.stored?.secret?.version).toBe(1);
    expect((await renewal).version).toBe(2);
    expect(world.stored?.secret).toMatchObject({ version: 2, attempt: null });
    expect([world.requests, world.lines.filter((line) => line.kind === "alert").length]).toEqual([1, 1]);
  });

  test("that cannot be stored is not shown either", async () => {
    const { world, keeper } = await newKeeper();
    world.breakOutcomes();
    await expect(keeper.refresh(MANUAL, null)).rejects.toThrowError("storage is broken");
    expect(world.stored?.secret?.version).toBe(1);
    world.time = T0;
    expect(await keeper.read(READ, ASKED)).toMatchObject({ version: 1, credentials: { accessToken: "access-1" } });
  });

  test("never shows one version's token with another's number", async () => {
    const { world } = await newKeeper();
    for (let turns = 0; turns < 12; turns++) {
      const keeper = new SecretKeeper(world);
      const number = (world.stored?.secret?.version ?? 0) + 1;
      world.answers = [async () => granted(world, number)];
      const renewal = keeper.refresh(MANUAL, number - 1);
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      const views = await Promise.all([keeper.read(READ, ASKED), renewal]);
      for (const view of views) expect(accessTokenOf(view)).toBe(`access-${view.version}`);
    }
  });

  test("that cannot be stored is remembered as a lost answer", async () => {
    const { world, keeper } = await newKeeper();
    world.breakOutcomes();
    await expect(keeper.refresh(MANUAL, null)).rejects.toThrowError("storage is broken");
    const dead = { class: "reauthorize", reason: "invalid_grant", retryAfterSeconds: null } as const;
    world.answers = [async () => ({ kind: "refused", refusal: dead })];
    world.beforeSave = () => {};
    await expect(keeper.refresh(MANUAL, null)).rejects.toThrowError("lost_rotation");
  });

  test("that the provider called dead once is not asked again before its two seconds are over", async () => {
    const { world, keeper } = await newKeeper();
    world.answers = [
      async () => ({
        kind: "refused",
        refusal: { class: "reauthorize", reason: "invalid_grant", retryAfterSeconds: null },
      }),
      async () => granted(world, 2),
    ];
    world.time = T0 + 59 * MINUTE;
    await keeper.alarm("r");
    const heardAt = world.time;
    expect(world.stored?.secret?.trouble?.kind).toBe("confirming");
    expect((await keeper.refresh(MANUAL, null)).version).toBe(2);
    expect(world.time - heardAt).toBe(2 * SECOND);
  });

  test("of a token that is over when it arrives keeps the refresh token, and the good token that there was", async () => {
    const { world, keeper } = await newKeeper();
    world.answers = [async () => granted(world, 2, 0)];
    const { version, health, credentials } = await keeper.refresh(MANUAL, null);
    expect([version, health.status]).toEqual([2, "degraded"]);
    expect(credentials).toMatchObject({ accessToken: "access-1", expiresAt: T0 + 60 * MINUTE });
    const sent: string[] = [];
    world.hear = (request) => void (request.kind === "refresh" && sent.push(request.refreshToken));
    world.answers = [async () => granted(world, 3)];
    world.time += SECOND;
    await keeper.alarm("r");
    expect(accessTokenOf(await keeper.read(READ, ASKED))).toBe("access-3");
    expect(sent).toEqual(["refresh-2"]);
  });

  test("of tokens that are over when they arrive does not hammer the provider", async () => {
    const { world, keeper } = await newKeeper();
    let number = 1;
    world.answers = [async () => granted(world, ++number, 0)];
    world.time = T0 + 59 * MINUTE;
    const startedAt = world.time;
    for (let rings = 0; rings < 10; rings++) {
      world.alarm = null;
      await keeper.alarm("r");
      world.time = world.alarm ?? 0;
    }
    expect(world.time - startedAt).toBeGreaterThan(4 * MINUTE);
    await expect(keeper.read(READ, ASKED)).rejects.toThrowError("provider_unreachable");
  });
});

describe("a consent", () => {
  /** Opens a flow that renews the secret's consent and returns the callback of the person who came back. */
  async function consented(world: FakeWorld, keeper: SecretKeeper) {
    await keeper.consent.authorize(newFlow(world, { renews: true }));
    const { state, browserToken } = await keeper.consent.open("flow" as AuthorizationId, "https://s.example");
    return {
      requestId: "r",
      authorizationId: "flow" as AuthorizationId,
      authClientId: "client" as AuthClientId,
      browserToken,
      query: `?state=${state}&code=c`,
    };
  }

  test("that wins against a refresh lets a caller who asked for more have a refresh of its own", async () => {
    const { world, keeper } = await newKeeper();
    const callback = await consented(world, keeper);
    const gate = new Gate<Heard>();
    world.answers = [() => gate.opened, async () => granted(world, 2), async () => granted(world, 3)];
    const first = keeper.refresh(MANUAL, 1);
    await settle();
    expect((await keeper.consent.complete(callback)).status).toBe("completed");
    const second = keeper.refresh(MANUAL, 2);
    await settle();
    gate.open(granted(world, 99));
    expect((await first).version).toBe(2);
    expect(await second).toMatchObject({ version: 3, credentials: { accessToken: "access-3" } });
  });

  test("whose token is over on arrival serves neither that nor the one of the grant before", async () => {
    const { world, keeper } = await newKeeper();
    const callback = await consented(world, keeper);
    world.answers = [async () => granted(world, 2, 0)];
    expect((await keeper.consent.complete(callback)).status).toBe("completed");
    expect(world.stored?.secret).toMatchObject({ version: 2, expiresAt: world.time });
    const { credentials } = await keeper.read(READ, { ...ASKED, requireToken: false, waits: false });
    expect(credentials).toMatchObject({ accessToken: null });
  });

  test("exchanges its code without asking the budget, also while that holds the secret back", async () => {
    const { world, keeper } = await newKeeper();
    world.admissions = [async () => ({ kind: "held_back", until: T0 + MINUTE, because: "provider_down" })];
    await expect(keeper.refresh(MANUAL, null)).rejects.toThrowError("provider_unreachable");
    const callback = await consented(world, keeper);
    expect((await keeper.consent.complete(callback)).status).toBe("completed");
    expect([world.asked, world.told]).toEqual([1, []]);
    expect(world.stored?.secret).toMatchObject({ version: 2, trouble: null, refreshAt: T0 + 59 * MINUTE });
  });

  test("that was cut off by the process's end has failed, and nothing that it was given is left", async () => {
    const { world, keeper } = await newKeeper();
    const callback = await consented(world, keeper);
    world.answers = [() => new Gate<Heard>().opened];
    void keeper.consent.complete(callback);
    await settle();
    expect(world.stored?.authorizations).toMatchObject([{ status: "exchanging", fields: { given: true } }]);
    const woken = new SecretKeeper(world);
    expect(woken.consent.read("flow" as AuthorizationId)).toMatchObject({ status: "failed", reason: "interrupted" });
    expect(world.stored?.authorizations).toMatchObject([
      { openings: [], scopes: [], additionalParams: null, fields: null },
    ]);
  });

  test("that has been called failed stays failed", async () => {
    const { world, keeper } = await newKeeper();
    const callback = await consented(world, keeper);
    const gate = new Gate<Heard>();
    world.answers = [() => gate.opened];
    const ending = keeper.consent.complete(callback);
    await settle();
    world.time = T0 + 12 * MINUTE;
    await keeper.alarm("r");
    expect(keeper.consent.read("flow" as AuthorizationId)).toMatchObject({ status: "failed", reason: "expired" });
    gate.open(granted(world, 2));
    expect(await ending).toMatchObject({ status: "failed", reason: "expired" });
    expect(world.stored?.secret?.version).toBe(1);
  });

  test("whose exchange starts in its last moment does not make the alarm ring in a circle", async () => {
    const { world, keeper } = await newKeeper();
    const callback = await consented(world, keeper);
    world.answers = [() => new Gate<Heard>().opened];
    world.time = T0 + 10 * MINUTE - SECOND;
    void keeper.consent.complete(callback);
    await settle();
    world.time += 2 * SECOND;
    world.alarm = null;
    await keeper.alarm("r");
    expect(world.alarm).toBe(T0 + 11 * MINUTE);
  });
});

function newFlow(world: FakeWorld, { renews }: { renews: boolean }): NewAuthorization {
  return {
    requestId: "r",
    id: "flow" as AuthorizationId,
    secretId: "s1" as SecretId,
    workspaceId: "w" as WorkspaceId,
    authClientId: "client" as AuthClientId,
    userId: null,
    renews,
    allowAccountChange: false,
    name: "x",
    scopes: ["a"],
    additionalParams: { given: "too" },
    fields: { given: true },
    returnUrl: null,
    expiresAt: world.time + 10 * MINUTE,
  };
}

describe("copies of the token", () => {
  test.each<[string, number, (keeper: SecretKeeper, world: FakeWorld) => Promise<unknown>]>([
    ["a manual refresh", 1, (keeper) => keeper.refresh(MANUAL, null)],
    [
      "new credentials",
      1,
      (keeper, world) =>
        keeper.change({ requestId: "r", name: undefined, content: imported(world).content, reported: undefined }),
    ],
    [
      "a new name",
      0,
      (keeper) => keeper.change({ requestId: "r", name: "y", content: undefined, reported: undefined }),
    ],
    ["a deletion", 1, (keeper) => keeper.erase(MANUAL)],
    ["a removal of everything around it", 1, (keeper) => keeper.clear()],
  ])("%s drops: %i times", async (_, times, work) => {
    const { world, keeper } = await newKeeper();
    const before = world.copiesDropped;
    await work(keeper, world);
    await settle();
    expect(world.copiesDropped - before).toBe(times);
  });
});

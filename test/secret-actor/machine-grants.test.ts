/** Grants to which nobody consented, in a world where a test decides when everybody answers: single flight, lost answers, and who comes first. */

import { describe, expect, test } from "vitest";
import type { ServiceError } from "../../src/errors.ts";
import type { TokenRequest } from "../../src/domain/oauth2/request.ts";
import type { Heard } from "../../src/domain/oauth2/response.ts";
import type { Content } from "../../src/secret-actor/door.ts";
import { SecretKeeper } from "../../src/secret-actor/keeper.ts";
import { accessTokenOf, FakeWorld, Gate, granted, imported, settle, T0 } from "../support/fake-ports.ts";

const SECOND = 1000;
const MANUAL = { trigger: "manual", requestId: "r" } as const;
const READ = { trigger: "read", requestId: "r" } as const;
const ASKED = { minTtlSeconds: 0, requireToken: true, waits: true } as const;
const WISH: Content = { kind: "fetch", scopes: undefined, additionalParams: undefined, fields: undefined };

async function newKeeper(grant_type: "client_credentials" | "jwt_bearer" = "client_credentials") {
  const world = await FakeWorld.create();
  await world.register({ grant_type });
  world.answers = [async () => granted(world, 1)];
  const keeper = new SecretKeeper(world);
  await keeper.create(imported(world, { content: WISH }));
  world.answers = [async () => granted(world, 2)];
  return { world, keeper };
}

describe.each(["client_credentials", "jwt_bearer"] as const)("a grant of %s", (grantType) => {
  test("is renewed as it was asked for: where no scopes were, none are, whatever was granted", async () => {
    const world = await FakeWorld.create();
    await world.register({ grant_type: grantType });
    const asked: TokenRequest[] = [];
    world.hear = (request) => void asked.push(request);
    world.answers = [
      async () => {
        const heard = granted(world, 1);
        return heard.kind === "granted" ? { ...heard, grant: { ...heard.grant, scope: "api internal" } } : heard;
      },
    ];
    const keeper = new SecretKeeper(world);
    await keeper.create(imported(world, { content: WISH }));
    world.time += 60 * SECOND;
    await keeper.refresh(MANUAL, null);
    expect(asked.map((request) => ("scopes" in request ? request.scopes : undefined))).toEqual([[], []]);
  });

  test("costs one request however many read, renew and ring at its expiry", async () => {
    const { world, keeper } = await newKeeper(grantType);
    world.time = T0 + 3600 * SECOND;
    const gate = new Gate<Heard>();
    world.answers = [() => gate.opened];
    const readers = Array.from({ length: 50 }, () => keeper.read(READ, ASKED));
    const others = [keeper.refresh(MANUAL, null), keeper.refresh(MANUAL, 1)];
    const alarm = keeper.alarm("r");
    await settle();
    gate.open(granted(world, 2));
    const views = await Promise.all([...readers, ...others]);
    await alarm;
    expect(new Set(views.map(accessTokenOf))).toEqual(new Set(["access-2"]));
    expect([world.requests, world.stored?.secret?.version]).toEqual([2, 2]);
  });

  test("whose process died in the middle is asked for again a second later, and no rotation is called lost", async () => {
    const { world, keeper } = await newKeeper(grantType);
    world.time = T0 + 3541 * SECOND;
    world.answers = [() => new Promise<Heard>(() => undefined)];
    void keeper.alarm("r");
    await settle();
    expect(world.stored?.secret?.attempt).not.toBeNull();
    const next = new SecretKeeper(world);
    expect(world.stored?.secret?.trouble).toMatchObject({ reason: "interrupted", ambiguous: false, lostAt: null });
    world.time = world.stored?.secret?.refreshAt ?? 0;
    world.answers = [async () => granted(world, 2)];
    await next.alarm("r");
    expect(world.stored?.secret).toMatchObject({ version: 2, trouble: null, renewedWith: "client" });
  });
});

describe("somebody else", () => {
  test("who asks for other scopes during a renewal wins against it", async () => {
    const { world, keeper } = await newKeeper();
    const gate = new Gate<Heard>();
    world.answers = [() => gate.opened, async () => granted(world, 3)];
    const renewal = keeper.refresh(MANUAL, null);
    await settle();
    const content: Content = { ...WISH, scopes: ["b"] };
    await keeper.change({ name: undefined, content, reported: undefined, requestId: "r" });
    gate.open(granted(world, 2));
    expect(accessTokenOf(await renewal)).toBe("access-3");
    expect(world.stored?.secret).toMatchObject({ version: 2, scopes: ["b"], attempt: null, trouble: null });
  });

  test("who deletes the secret while another token is fetched for it leaves nothing of it", async () => {
    const { world, keeper } = await newKeeper();
    const gate = new Gate<Heard>();
    world.answers = [() => gate.opened];
    const change = keeper
      .change({ name: undefined, content: WISH, reported: undefined, requestId: "r" })
      .catch((error: ServiceError) => error.failure.code);
    await settle();
    await keeper.erase(MANUAL);
    gate.open(granted(world, 2));
    expect(await change).toBe("not_found");
    expect([world.stored, world.alarm, world.index.size]).toEqual([null, null, 0]);
  });

  test("who deletes the workspace while the first token is fetched leaves nothing, though the token came", async () => {
    const world = await FakeWorld.create();
    await world.register({ grant_type: "client_credentials" });
    const gate = new Gate<Heard>();
    world.answers = [() => gate.opened];
    const keeper = new SecretKeeper(world);
    const creation = keeper.create(imported(world, { content: WISH })).catch((error: Error) => error.message);
    await settle();
    await keeper.clear();
    world.put = async () => {
      throw new Error("gone");
    };
    gate.open(granted(world, 1));
    expect(await creation).toBe("gone");
    expect([world.stored, world.alarm, world.index.size]).toEqual([null, null, 0]);
  });
});

test("a first token whose process dies before it is stored leaves nothing that anybody would have to clear", async () => {
  const world = await FakeWorld.create();
  await world.register({ grant_type: "client_credentials" });
  world.answers = [() => new Promise<Heard>(() => undefined)];
  void new SecretKeeper(world).create(imported(world, { content: WISH })).catch(() => undefined);
  await settle();
  expect([world.requests, world.stored, world.alarm, world.index.size]).toEqual([1, null, null, 0]);
});

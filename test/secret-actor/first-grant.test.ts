/** A first grant that is fetched, in a world where a test decides when everybody answers: what is left when it fails, and how long it may take. */

import { describe, expect, test } from "vitest";
import { notFetched } from "../../src/domain/health.ts";
import type { Refusal } from "../../src/domain/oauth2/response.ts";
import type { Content } from "../../src/secret-actor/door.ts";
import { SecretKeeper } from "../../src/secret-actor/keeper.ts";
import { FakeWorld, granted, imported, T0 } from "../support/fake-ports.ts";

const SECOND = 1000;
const WISH: Content = { kind: "fetch", scopes: ["a"], additionalParams: undefined, fields: undefined };
const DOWN: Refusal = { class: "ambiguous", reason: "timeout", retryAfterSeconds: null };

/** A world whose client needs nobody's consent. */
async function newWorld(): Promise<FakeWorld> {
  const world = await FakeWorld.create();
  await world.register({ grant_type: "client_credentials" });
  return world;
}

describe("a first grant", () => {
  test("is stored with what was asked for, and renewed with who the client is", async () => {
    const world = await newWorld();
    world.answers = [async () => granted(world, 1)];
    await new SecretKeeper(world).create(imported(world, { content: WISH }));
    expect(world.stored?.secret).toMatchObject({ version: 1, scopes: ["a"], renewedWith: "client" });
    expect(world.alarm).toBe(T0 + 3540 * SECOND);
    expect([world.requests, world.asked, world.told]).toEqual([1, 1, ["answered"]]);
  });

  test("leaves no record, no alarm and no entry in the index when it is refused", async () => {
    const world = await newWorld();
    world.answers = [async () => ({ kind: "refused", refusal: DOWN })];
    await expect(new SecretKeeper(world).create(imported(world, { content: WISH }))).rejects.toThrow(notFetched(DOWN));
    expect([world.stored, world.alarm, world.index.size, world.alarms]).toEqual([null, null, 0, []]);
    expect(world.told).toEqual(["down"]);
  });

  test("leaves nothing when the index takes no entry, though the provider gave a token", async () => {
    const world = await newWorld();
    world.answers = [async () => granted(world, 1)];
    world.put = async () => {
      throw new Error("D1 is down");
    };
    await expect(new SecretKeeper(world).create(imported(world, { content: WISH }))).rejects.toThrow("D1 is down");
    expect([world.stored, world.alarm]).toEqual([null, null]);
  });

  test("is waited for 20 seconds at most, the turn included", async () => {
    const world = await newWorld();
    world.admissions = [
      async () => {
        world.time += 6 * SECOND;
        return { kind: "go" };
      },
    ];
    world.answers = [async () => ({ kind: "refused", refusal: DOWN })];
    await expect(new SecretKeeper(world).create(imported(world, { content: WISH }))).rejects.toThrow(notFetched(DOWN));
    expect(world.timeouts).toEqual([14 * SECOND]);
  });

  test("is not asked for while the provider's budget holds it back, and says when to come again", async () => {
    const world = await newWorld();
    world.admissions = [async () => ({ kind: "held_back", until: T0 + 7 * SECOND, because: "provider_down" })];
    const failed = new SecretKeeper(world).create(imported(world, { content: WISH }));
    await expect(failed).rejects.toMatchObject({ failure: { code: "provider_unreachable", retryAfterSeconds: 7 } });
    expect(world.requests).toBe(0);
  });

  test("needs the fields that its provider's addresses hold", async () => {
    const world = await FakeWorld.create();
    const hosts = { "fields.shop": "[a-z]+" };
    const token_uri = "https://{{fields.shop}}.example/t";
    await world.register({ grant_type: "client_credentials", token_uri, flavour: { hosts } });
    const failed = new SecretKeeper(world).create(imported(world, { content: WISH }));
    await expect(failed).rejects.toMatchObject({
      failure: { code: "invalid_document", problems: [{ pointer: "/data/attributes/credentials/fields/shop" }] },
    });
    expect(world.requests).toBe(0);
  });
});

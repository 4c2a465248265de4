/** Two client secrets in one attempt, in a world where a test decides what the provider says and how long it takes. */

import { describe, expect, test } from "vitest";
import type { TokenRequest } from "../../src/domain/oauth2/request.ts";
import type { Heard, Refusal } from "../../src/domain/oauth2/response.ts";
import { SecretKeeper } from "../../src/secret-actor/keeper.ts";
import { FakeWorld, granted, imported, T0 } from "../support/fake-ports.ts";

const SECOND = 1000;
const REFUSED: Refusal = { class: "config_error", reason: "invalid_client", retryAfterSeconds: null };
const cause = { trigger: "manual", requestId: "r" } as const;

/** A secret of a client that has two, at a provider that takes one of them. */
async function newWorld(
  taken: string,
  tookMs = 0,
): Promise<{ world: FakeWorld; keeper: SecretKeeper; sent: string[] }> {
  const world = await FakeWorld.create();
  await world.register({ client_secret: "old", next_client_secret: "new" });
  const keeper = new SecretKeeper(world);
  await keeper.create(imported(world));
  const sent: string[] = [];
  let secret = "";
  world.hear = ({ registration }: TokenRequest) => sent.push((secret = registration.client_secret ?? ""));
  world.answers = [
    async (): Promise<Heard> => {
      world.time += tookMs;
      return secret === taken ? granted(world, 2) : { kind: "refused", refusal: REFUSED };
    },
  ];
  return { world, keeper, sent };
}

describe("an attempt with two client secrets", () => {
  test("tries the second in its own turn, with the same journal, and notes that it works", async () => {
    const { world, keeper, sent } = await newWorld("new");
    const asked = world.asked;
    expect((await keeper.refresh(cause, null)).version).toBe(2);
    expect([sent, world.asked - asked, world.told.length, world.noted]).toEqual([
      ["old", "new"],
      1,
      1,
      ["next_client_secret"],
    ]);
    expect(world.stored?.client?.secretInUse).toBe("next_client_secret");
  });

  test("begins with the one that is noted, also when only the actor's copy of the client tells", async () => {
    const { world, keeper, sent } = await newWorld("new");
    await keeper.refresh(cause, null);
    world.client = async () => {
      throw new Error("D1 is down");
    };
    world.time += 10 * SECOND;
    expect((await keeper.refresh(cause, 2)).version).toBe(3);
    expect(sent).toEqual(["old", "new", "new"]);
  });

  test("succeeds although nothing can be noted", async () => {
    const { world, keeper } = await newWorld("new");
    const broken = Object.assign(world, { noteSecretInUse: () => Promise.reject(new Error("D1 is down")) });
    expect((await keeper.refresh(cause, null)).version).toBe(2);
    expect(broken.stored?.client?.secretInUse).toBe("next_client_secret");
  });

  test("notes nothing when neither is taken", async () => {
    const { world, keeper, sent } = await newWorld("none of them");
    await expect(keeper.refresh(cause, null)).rejects.toMatchObject({ failure: { code: "client_misconfigured" } });
    expect([sent, world.noted]).toEqual([["old", "new"], []]);
  });

  test("gives the second what is left of its time", async () => {
    const { world, keeper } = await newWorld("new", 30 * SECOND);
    await keeper.refresh(cause, null);
    expect(world.timeouts).toEqual([40 * SECOND, 10 * SECOND]);
  });

  test("does not begin with a second try that would have to end at once", async () => {
    const { world, keeper, sent } = await newWorld("new", 36 * SECOND);
    await expect(keeper.refresh(cause, null)).rejects.toMatchObject({ failure: { code: "client_misconfigured" } });
    expect([sent, world.time - T0]).toEqual([["old"], 36 * SECOND]);
  });
});

/** Records that earlier versions of the service stored are read as what they mean now. */

import { describe, expect, test } from "vitest";
import { DurableRecord } from "../../src/secret-actor/record.ts";
import { SecretKeeper } from "../../src/secret-actor/keeper.ts";
import { FakeWorld, imported } from "../support/fake-ports.ts";

/** What is loaded where this was stored. */
function loaded(stored: object) {
  const storage = { kv: { get: () => stored } };
  return new DurableRecord(storage as unknown as DurableObjectStorage).load()?.secret;
}

async function storedSecret() {
  const world = await FakeWorld.create();
  await new SecretKeeper(world).create(imported(world));
  const record = world.stored;
  if (record?.secret == null) throw new Error("Nothing was stored.");
  const { renewedWith, scopes: _, ...earlier } = record.secret;
  return { record, earlier, renewedWith };
}

describe("a record from before grants were renewed with anything but refresh tokens", () => {
  test.each([
    [true, "refresh_token"],
    [false, null],
  ])("whose hasRefreshToken is %s is renewed with: %s", async (hasRefreshToken, expected) => {
    const { record, earlier } = await storedSecret();
    const secret = loaded({ ...record, secret: { ...earlier, hasRefreshToken } });
    expect(secret).toMatchObject({ renewedWith: expected, scopes: null, version: 1 });
    expect(secret).not.toHaveProperty("hasRefreshToken");
  });
});

test("a record of today is read as it was written", async () => {
  const { record, renewedWith } = await storedSecret();
  expect(loaded(record)).toEqual(record.secret);
  expect(renewedWith).toBe("refresh_token");
});

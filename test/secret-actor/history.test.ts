/** What a secret's actor remembers of what happened to it. */

import { expect, test } from "vitest";
import { MOST_REMEMBERED } from "../../src/domain/trail.ts";
import { SecretKeeper } from "../../src/secret-actor/keeper.ts";
import { type FakeWorld, granted, imported, newKeeper, settle, T0 } from "../support/fake-ports.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const MANUAL = { trigger: "manual", requestId: "r2", principal: "key:7" } as const;

const told = (keeper: SecretKeeper) =>
  keeper.history().map(({ event, actor, outcome, reason }) => [event, actor, outcome, reason].join(" "));

const refusal = (kind: "reauthorize" | "retry", reason: "invalid_grant" | "timeout") => async () =>
  ({ kind: "refused", refusal: { class: kind, reason, retryAfterSeconds: null } }) as const;

async function ringAt(world: FakeWorld, keeper: SecretKeeper, time: number): Promise<void> {
  world.time = time;
  await keeper.alarm("a");
  await settle();
}

test("a refresh is remembered with who, why, how long, which version and which request (SECURITY 25)", async () => {
  const { world, keeper } = await newKeeper();
  world.time = T0 + MINUTE;
  world.hear = () => void (world.time += 250);
  await keeper.refresh(MANUAL, null);
  expect(keeper.history()).toEqual([
    {
      sequence: 2,
      event: "secret.refreshed",
      at: T0 + MINUTE + 250,
      actor: "key:7",
      outcome: "ok",
      reason: null,
      trigger: "manual",
      durationMs: 250,
      version: 2,
      requestId: "r2",
    },
    expect.objectContaining({ sequence: 1, event: "secret.created", at: T0, requestId: "r", version: 1 }),
  ]);
});

test("a refresh that a read caused is told with the reader's name", async () => {
  const { world, keeper } = await newKeeper();
  world.time = T0 + 59 * MINUTE + 55_000;
  await keeper.readToken({ trigger: "read", requestId: "r4", principal: "key:9" }, 0);
  expect(keeper.history()[0]).toMatchObject({ event: "secret.refreshed", actor: "key:9", trigger: "read" });
});

test("a refusal, what it makes of the secret and the way back are remembered, newest first", async () => {
  const { world, keeper } = await newKeeper();
  world.answers = [refusal("reauthorize", "invalid_grant")];
  await ringAt(world, keeper, T0 + 59 * MINUTE);
  await ringAt(world, keeper, T0 + 59 * MINUTE + 3000);
  const { content } = imported(world);
  await keeper.change({ requestId: "r3", principal: "root", name: undefined, content, reported: undefined });
  expect(told(keeper)).toEqual([
    "secret.state_changed system ok ",
    "secret.changed root ok ",
    "secret.state_changed system failed invalid_grant",
    "secret.refresh_failed alarm failed invalid_grant",
    "secret.refresh_failed alarm failed invalid_grant",
    "secret.created system ok ",
  ]);
});

test("an answer that was lost with its process is remembered by the next", async () => {
  const { world, keeper } = await newKeeper();
  world.answers = [() => new Promise(() => undefined)];
  world.time = T0 + 59 * MINUTE;
  void keeper.alarm("a");
  await settle();
  const next = new SecretKeeper(world);
  expect(told(next)[0]).toBe("secret.refresh_failed system failed interrupted");
});

test("a refresh by the alarm writes no more than three rows, however much is remembered", async () => {
  const { world, keeper } = await newKeeper();
  for (let hour = 1; hour <= MOST_REMEMBERED + 5; hour++) {
    world.answers = [async () => granted(world, hour + 1)];
    world.rowsWritten = 0;
    await ringAt(world, keeper, T0 + hour * 59 * MINUTE);
    expect(world.rowsWritten).toBe(3);
  }
  expect(keeper.history()).toHaveLength(MOST_REMEMBERED);
  expect(keeper.history()[0]).toMatchObject({ sequence: MOST_REMEMBERED + 6, version: MOST_REMEMBERED + 6 });
});

test("a refresh that a change was faster than is remembered as superseded", async () => {
  const { world, keeper } = await newKeeper();
  let answer = () => {};
  const answered = new Promise<void>((resolve) => (answer = resolve));
  world.answers = [() => answered.then(() => granted(world, 2))];
  world.time = T0 + 59 * MINUTE;
  const alarm = keeper.alarm("a");
  await settle();
  const { content } = imported(world, {}, { accessToken: "mine" });
  await keeper.change({ requestId: "r3", principal: "root", name: undefined, content, reported: undefined });
  answer();
  await alarm;
  await settle();
  expect(told(keeper).slice(0, 2)).toEqual(["secret.refresh_failed alarm superseded ", "secret.changed root ok "]);
});

test("nothing of it is left when the secret is deleted (SECURITY 16)", async () => {
  const { world, keeper } = await newKeeper();
  await keeper.erase(MANUAL);
  expect(world.stored).toBeNull();
  expect(() => keeper.history()).toThrowError("not_found");
});

test("holds no token and nothing that a provider said (SECURITY 25)", async () => {
  const { world, keeper } = await newKeeper();
  await keeper.refresh(MANUAL, null);
  world.answers = [refusal("retry", "timeout")];
  world.time += HOUR;
  await keeper.refresh(MANUAL, null).catch(() => undefined);
  expect(JSON.stringify(world.stored?.trail)).not.toMatch(/access-|refresh-\d/);
});

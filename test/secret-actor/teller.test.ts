/** How a secret's actor tells the trail of its workspace: all of it, in order, and without anybody waiting or failing for that. */

import { expect, test } from "vitest";
import { MOST_REMEMBERED } from "../../src/domain/trail.ts";
import { SecretKeeper } from "../../src/secret-actor/keeper.ts";
import { type FakeWorld, Gate, granted, imported, newKeeper, settle, T0 } from "../support/fake-ports.ts";

const MINUTE = 60_000;
const MANUAL = { trigger: "manual", requestId: "r2", principal: "key:7" } as const;

const numbers = ({ trail }: FakeWorld) => trail.map(({ events }) => events.map(({ sequence }) => sequence));

async function refreshed(world: FakeWorld, keeper: SecretKeeper, number: number): Promise<void> {
  world.answers = [async () => granted(world, number)];
  world.time += 10_000;
  await keeper.refresh(MANUAL, null);
  await settle();
}

test("each refresh is one message, and what was told is not told again", async () => {
  const { world, keeper } = await newKeeper();
  await refreshed(world, keeper, 2);
  await refreshed(world, keeper, 3);
  expect(numbers(world)).toEqual([[1], [2], [3]]);
  expect(world.trail[1]).toMatchObject({
    source: "s1",
    since: T0,
    events: [
      {
        ...{ event: "secret.refreshed", actor: "key:7", version: 2, requestId: "r2" },
        ...{ subject: { type: "auth-secret", id: "s1" }, place: { level: "workspace", id: "w" } },
      },
    ],
  });
});

test("a queue that fails fails nobody; what it did not take is told with the next", async () => {
  const { world, keeper } = await newKeeper();
  await settle();
  world.takesEvents = () => Promise.reject(new Error("the queue is down"));
  await refreshed(world, keeper, 2);
  expect(world.lines.filter((line) => line.kind === "alert")).toMatchObject([
    { what: "events_not_told", secret_id: "s1" },
  ]);
  world.takesEvents = async () => {};
  await refreshed(world, keeper, 3);
  expect(numbers(world)).toEqual([[1], [2, 3]]);
});

test("what a secret without renewals could not tell is told by an alarm", async () => {
  const { world, keeper } = await newKeeper();
  world.takesEvents = () => Promise.reject(new Error("the queue is down"));
  const { content } = imported(world, {}, { refreshToken: null, expiresIn: null });
  await keeper.change({ requestId: "r3", name: undefined, content, reported: undefined });
  await settle();
  expect(world.alarm).toBe(T0 + 10 * MINUTE);
  world.takesEvents = async () => {};
  world.alarm = null;
  world.time = T0 + 10 * MINUTE;
  await keeper.alarm("a");
  await settle();
  expect(numbers(world).flat()).toEqual([1, 2]);
  expect(world.stored?.trail).toMatchObject({ isBehind: false, told: 2 });
});

test("a process that died before it could tell leaves it to the next", async () => {
  const { world, keeper } = await newKeeper();
  await settle();
  world.takesEvents = () => new Promise(() => undefined);
  await refreshed(world, keeper, 2);
  world.takesEvents = async () => {};
  await refreshed(world, new SecretKeeper(world), 3);
  expect(numbers(world).at(-1)?.slice(-2)).toEqual([2, 3]);
});

test("what is told at the same time goes one after the other", async () => {
  const { world, keeper } = await newKeeper();
  await settle();
  const gate = new Gate<void>();
  world.takesEvents = () => gate.opened;
  await refreshed(world, keeper, 2);
  await refreshed(world, keeper, 3);
  gate.open();
  await settle();
  expect(numbers(world)).toEqual([[1], [2], [3]]);
});

test("after more than is remembered, the numbers show how much is missing", async () => {
  const { world, keeper } = await newKeeper();
  await settle();
  world.takesEvents = () => Promise.reject(new Error("the queue is down"));
  for (let number = 2; number <= MOST_REMEMBERED + 11; number++) await refreshed(world, keeper, number);
  world.takesEvents = async () => {};
  await refreshed(world, keeper, MOST_REMEMBERED + 12);
  const [first, ...others] = numbers(world).at(-1) ?? [];
  expect([first, others.length]).toEqual([13, MOST_REMEMBERED - 1]);
});

test("a deletion is told as the last of its events (SECURITY 16)", async () => {
  const { world, keeper } = await newKeeper();
  await keeper.erase(MANUAL);
  await settle();
  expect(world.stored).toBeNull();
  expect(world.trail.flatMap(({ events }) => events.map(({ event, actor }) => `${event} ${actor}`))).toEqual([
    "secret.created system",
    "secret.deleted key:7",
  ]);
});

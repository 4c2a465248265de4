/** What an isolate gathers and hands to the queue. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { EventBatch } from "../../src/domain/events.ts";
import type { WorkspaceId } from "../../src/domain/ids.ts";
import { Outbox } from "../../src/events/outbox.ts";
import { watchLog } from "../support/log.ts";

const where = [{ level: "workspace", id: "w" as WorkspaceId }, { level: "global" }] as const;

let sent: EventBatch[];
let takes: () => Promise<void>;
let asked: number;
let outbox: Outbox;

beforeEach(() => {
  vi.useFakeTimers();
  [sent, asked, takes] = [[], 0, async () => {}];
  outbox = new Outbox({
    send: async (batch: unknown) => {
      await takes();
      sent.push(structuredClone(batch) as EventBatch);
      return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
    },
  });
});
afterEach(() => void vi.useRealTimers());

function note(times: number): void {
  for (let time = 0; time < times; time++) {
    const noted = {
      ...({ event: "secret.credentials_read", at: Date.now(), actor: "root", outcome: "ok", reason: null } as const),
      ...{ version: 1, requestId: `r${time}`, subject: { type: "auth-secret", id: "s" } as const, where },
    };
    outbox.add(noted, () => {
      asked += 1;
      return () => undefined;
    });
  }
}

const numbers = () => sent.map(({ events }) => [events[0]?.sequence, events.at(-1)?.sequence]);

test("events of one second are one message, for which the request's context is asked once", async () => {
  note(40);
  expect(sent).toEqual([]);
  await vi.advanceTimersByTimeAsync(1000);
  expect([numbers(), asked]).toEqual([[[1, 40]], 1]);
  expect(sent[0]?.events[0]).toMatchObject({ place: { level: "workspace", id: "w" }, seen: "/", requestId: "r0" });
});

test("the hundredth goes at once, and numbers go on", async () => {
  note(250);
  await vi.advanceTimersByTimeAsync(0);
  expect(numbers()).toEqual([
    [1, 100],
    [101, 200],
  ]);
  await vi.advanceTimersByTimeAsync(1000);
  expect(numbers()).toEqual([
    [1, 100],
    [101, 200],
    [201, 250],
  ]);
  expect([asked, new Set(sent.map(({ source }) => source)).size]).toEqual([3, 1]);
});

test("what the queue does not take is sent again, in its order and with the same numbers", async () => {
  const lines = watchLog();
  takes = () => Promise.reject(new Error("the queue is down"));
  note(3);
  await vi.advanceTimersByTimeAsync(1000);
  expect([sent, lines]).toMatchObject([
    [],
    [{ what: "events_not_told", internal: expect.stringContaining("3 wait, 0 are lost") }],
  ]);
  takes = async () => {};
  note(2);
  await vi.advanceTimersByTimeAsync(2000);
  expect(numbers().toSorted(([one = 0], [other = 0]) => one - other)).toEqual([
    [1, 3],
    [4, 5],
  ]);
});

test("keeps no more than it can hold when the queue stays away, and says how much is lost", async () => {
  const lines = watchLog();
  takes = () => Promise.reject(new Error("the queue is down"));
  note(10_300);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(lines.map(({ internal }) => String(internal)).some((text) => /, [1-9]\d* are lost/.test(text))).toBe(true);
  takes = async () => {};
  note(1);
  await vi.advanceTimersByTimeAsync(1000);
  expect(sent.length).toBeLessThanOrEqual(101);
  expect(numbers().at(-1)).toEqual([10_301, 10_301]);
});

test("goes on when the request that was to send has died", async () => {
  note(1);
  vi.clearAllTimers();
  vi.setSystemTime(Date.now() + 3001);
  note(1);
  await vi.advanceTimersByTimeAsync(1000);
  expect(numbers()).toEqual([[1, 2]]);
});

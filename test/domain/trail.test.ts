import { describe, expect, test } from "vitest";
import type { Happened } from "../../src/domain/events.ts";
import { EMPTY_TRAIL, MOST_REMEMBERED, rememberedIn, remembering, type Trail } from "../../src/domain/trail.ts";

const REFRESHED: Happened = {
  event: "secret.refreshed",
  actor: "alarm",
  outcome: "ok",
  trigger: "alarm",
  durationMs: 7,
};
const FAILED: Happened = { event: "secret.refresh_failed", actor: "key:1", outcome: "failed", reason: "timeout" };

function after(times: number): Trail {
  let trail = EMPTY_TRAIL;
  for (let time = 1; time <= times; time++) trail = remembering(trail, [REFRESHED], time, time);
  return trail;
}

describe("remembering", () => {
  test("gives back what was told, with its number, the instant and the version", () => {
    const trail = remembering(EMPTY_TRAIL, [REFRESHED, FAILED], 1000, 3);
    const known = { at: 1000, version: 3, requestId: null };
    expect(rememberedIn(trail)).toEqual([
      { sequence: 1, ...known, ...REFRESHED, reason: null },
      { sequence: 2, ...known, ...FAILED, trigger: null, durationMs: null },
    ]);
  });

  test("forgets the oldest and goes on counting", () => {
    const numbers = rememberedIn(after(MOST_REMEMBERED + 30)).map(({ sequence, at }) => [sequence, at]);
    expect(numbers).toEqual(Array.from({ length: MOST_REMEMBERED }, (_, index) => [index + 31, index + 31]));
  });

  test("of nothing changes nothing", () => {
    const trail = after(2);
    expect(remembering(trail, [], 5, 5)).toBe(trail);
  });
});

/** The truth that losses are judged by: which refresh tokens a provider takes, and when it takes none any more. */

import { describe, expect, test } from "vitest";
import { Family, type Rotation } from "./family.ts";

const NEVER = Number.POSITIVE_INFINITY;

function family(rotation: Partial<Rotation>, ends: { hardEndAt?: number; idleMs?: number } = {}): Family {
  const whole: Rotation = { kind: "rotating", graceMs: 0, again: "same", ...rotation };
  return new Family("f", whole, 0, { hardEndAt: NEVER, idleMs: NEVER, ...ends });
}

describe("a family", () => {
  test("without rotation takes its one token for ever", () => {
    const one = family({ kind: "none" });
    expect([one.spend(1, 10), one.spend(1, 20), one.takes(1, 30)]).toEqual([1, 1, true]);
  });

  test("that rotates takes each token once", () => {
    const one = family({});
    expect([one.spend(1, 10), one.spend(1, 20), one.spend(2, 30)]).toEqual([2, null, 3]);
    expect(one.endAt(40)).toBeNull();
  });

  test("with grace gives a spent token its newest successor again, until the grace has ended", () => {
    const one = family({ graceMs: 100 });
    expect([one.spend(1, 10), one.spend(1, 50), one.spend(2, 60), one.spend(1, 109), one.spend(1, 110)]).toEqual([
      ...[2, 2, 3, 3, null],
    ]);
  });

  test("with grace may give a spent token another successor, and takes both", () => {
    const one = family({ graceMs: 100, again: "another" });
    expect([one.spend(1, 10), one.spend(1, 50)]).toEqual([2, 3]);
    expect([one.takes(2, 200), one.takes(3, 200), one.takes(1, 200)]).toEqual([true, true, false]);
  });

  test("that watches ends when a spent token comes after its grace", () => {
    const one = family({ kind: "revoking", graceMs: 100 });
    expect([one.spend(1, 10), one.spend(1, 50), one.endAt(60)]).toEqual([2, 2, null]);
    expect([one.spend(1, 111), one.spend(2, 112)]).toEqual([null, null]);
    expect(one.endAt(112)).toBe("a spent refresh token came again");
  });

  test.each([
    ["the refresh token's hard end", { hardEndAt: 100 }],
    ["it rested for too long", { idleMs: 100 }],
  ])("ends by itself: %s", (why, ends) => {
    const one = family({ kind: "none" }, ends);
    expect([one.endAt(99), one.endAt(100)]).toEqual([null, why]);
    expect([one.spend(1, 99), one.endAt(150)]).toEqual([1, "hardEndAt" in ends ? why : null]);
  });

  test("remembers why it ended first", () => {
    const one = family({});
    one.revoke();
    one.revoke("a newer consent took its place");
    expect([one.endAt(1), one.spend(1, 1)]).toEqual(["revoked by the person", null]);
  });
});

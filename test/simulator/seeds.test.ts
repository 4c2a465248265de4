/** Two hundred small worlds, each with other providers, callers and troubles: the promises A to F are kept after every step. */

import { describe, expect, test } from "vitest";
import { FAULT_KINDS } from "./faults.ts";
import { report } from "./report.ts";
import { simulate } from "./simulation.ts";

const WORLDS = 200;
const TOGETHER = 10;
const SIZE = { secrets: 10, days: 1.5 };

/** What struck and what happened, in all of them together. */
const faults = new Map<string, number>();
const counts = new Map<string, number>();

describe("the promises A to F are kept in the worlds", () => {
  const firsts = Array.from({ length: WORLDS / TOGETHER }, (_, group) => group * TOGETHER + 1);

  test.each(firsts)(`from seed %i on, ${TOGETHER} of them`, { timeout: 60_000 }, async (first) => {
    for (let seed = first; seed < first + TOGETHER; seed++) {
      const story = await simulate({ seed, ...SIZE });
      expect(story.breach === null ? "kept" : report(story).join("\n")).toBe("kept");
      add(faults, story.faults);
      add(counts, story.counts);
    }
  });

  test("every kind of fault struck, renewals were held back, breakers opened, and late answers were fenced off", () => {
    expect(FAULT_KINDS.filter((kind) => !faults.has(kind))).toEqual([]);
    expect(counts.get("renewals that were held back")).toBeGreaterThan(0);
    expect(counts.get("times that a breaker opened")).toBeGreaterThan(0);
    expect(counts.get("outcomes that were fenced off")).toBeGreaterThan(100);
  });
});

test("a seed tells the same story each time, and another seed another", async () => {
  const [first, again, other] = [
    await simulate({ seed: 7, ...SIZE }),
    await simulate({ seed: 7, ...SIZE }),
    await simulate({ seed: 8, ...SIZE }),
  ];
  expect(report(again)).toEqual(report(first));
  expect(again.fingerprint).toBe(first.fingerprint);
  expect(other.fingerprint).not.toBe(first.fingerprint);
});

function add(sums: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [what, count] of more) sums.set(what, (sums.get(what) ?? 0) + count);
}

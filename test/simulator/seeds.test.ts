/** Two hundred small worlds, each with other providers, callers and troubles: the promises A to F are kept after every step. */

import { describe, expect, test } from "vitest";
import { report } from "./report.ts";
import { simulate } from "./simulation.ts";

const WORLDS = 200;
const TOGETHER = 10;
const SIZE = { secrets: 10, days: 1.5 };

describe("the promises A to F are kept in the worlds", () => {
  const firsts = Array.from({ length: WORLDS / TOGETHER }, (_, group) => group * TOGETHER + 1);

  test.each(firsts)(`from seed %i on, ${TOGETHER} of them`, { timeout: 60_000 }, async (first) => {
    for (let seed = first; seed < first + TOGETHER; seed++) {
      const story = await simulate({ seed, ...SIZE });
      expect(story.breach === null ? "kept" : report(story).join("\n")).toBe("kept");
    }
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

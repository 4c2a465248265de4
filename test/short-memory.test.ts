/** What an isolate remembers, and when it forgets. */

import { describe, expect, test } from "vitest";
import { ShortMemory } from "../src/short-memory.ts";

const NOW = 1_000_000;
const LATER = NOW + 1000;

describe("ShortMemory", () => {
  test("finds what was kept until its time is over", () => {
    const memory = new ShortMemory<string>({ entries: 2, weight: 0 });
    memory.keep("a", "one", LATER);
    expect([memory.find("a", NOW), memory.find("b", NOW)]).toEqual(["one", undefined]);
    expect([memory.find("a", LATER - 1), memory.find("a", LATER), memory.find("a", NOW)]).toEqual([
      "one",
      undefined,
      undefined,
    ]);
    expect(memory.size).toBe(0);
  });

  test("keeps at most so many, and forgets the one first that was not asked for the longest", () => {
    const memory = new ShortMemory<number>({ entries: 3, weight: 0 });
    for (const [index, name] of ["a", "b", "c"].entries()) memory.keep(name, index, LATER);
    memory.find("a", NOW);
    memory.keep("d", 3, LATER);
    expect(["a", "b", "c", "d"].filter((name) => memory.find(name, NOW) !== undefined)).toEqual(["a", "c", "d"]);
  });

  test("keeps at most so much, and weighs nothing when all is forgotten", () => {
    const memory = new ShortMemory<string>({ entries: 100, weight: 10 });
    memory.keep("a", "", LATER, 4);
    memory.keep("b", "", LATER, 4);
    memory.keep("a", "", LATER, 6);
    expect([memory.size, memory.weight]).toEqual([2, 10]);
    memory.keep("c", "", LATER, 5);
    expect([memory.find("a", NOW), memory.find("b", NOW), memory.weight]).toEqual([undefined, undefined, 5]);
    memory.find("c", LATER);
    expect([memory.size, memory.weight]).toEqual([0, 0]);
  });

  test("does not keep what is too heavy alone, nor what it was before", () => {
    const memory = new ShortMemory<string>({ entries: 100, weight: 10 });
    memory.keep("a", "light", LATER, 3);
    memory.keep("b", "other", LATER, 3);
    memory.keep("a", "heavy", LATER, 11);
    expect([memory.find("a", NOW), memory.find("b", NOW), memory.weight]).toEqual([undefined, "other", 3]);
  });

  test("forgets by name, and everything of which something holds", () => {
    const memory = new ShortMemory<number>({ entries: 100, weight: 100 });
    for (const value of [1, 2, 3, 4]) memory.keep(String(value), value, LATER, value);
    memory.forget("1");
    memory.forget("unknown");
    expect(memory.timesForgotten).toBe(0);
    memory.forgetWhere((value) => value > 2);
    expect([memory.size, memory.weight, memory.timesForgotten]).toEqual([1, 2, 1]);
  });
});

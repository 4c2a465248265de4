/** zod as the Worker carries it is zod: the same functions, the same English. A name that a source asks for and that is missing stops the build. */

import { z as whole } from "zod";
import { expect, test } from "vitest";
import { z as carried } from "../src/zod.ts";

test("the Worker's zod is zod's own", () => {
  const own: Record<string, unknown> = { ...carried };
  const original: Record<string, unknown> = { ...whole };
  const differing = Object.keys(own).filter((name) => name !== "z" && original[name] !== own[name]);
  expect(differing).toEqual([]);
});

test("the Worker's zod words its faults in English", () => {
  const { error } = carried.strictObject({ size: carried.int() }).safeParse({ size: "1", colour: "red" });
  expect(error?.issues.map(({ message }) => message)).toEqual([
    "Invalid input: expected number, received string",
    'Unrecognized key: "colour"',
  ]);
});

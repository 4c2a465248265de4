/** zod as the Worker carries it is zod: the same functions, the same English, less four names that no source uses. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z as whole } from "zod";
import { expect, test } from "vitest";
import { z as carried } from "../src/zod.ts";

const LEFT_OUT = ["compile", "core", "fromJSONSchema", "locales"];

test("the Worker's zod is zod but for what it leaves out", () => {
  const own: Record<string, unknown> = { ...carried };
  const differing = Object.entries(whole).filter(([name, value]) => name !== "z" && own[name] !== value);
  expect(differing.map(([name]) => name).toSorted()).toEqual(LEFT_OUT);
});

test("the Worker's zod words its faults in English", () => {
  const { error } = carried.strictObject({ size: carried.int() }).safeParse({ size: "1", colour: "red" });
  expect(error?.issues.map(({ message }) => message)).toEqual([
    "Invalid input: expected number, received string",
    'Unrecognized key: "colour"',
  ]);
});

test("no source uses what the Worker's zod leaves out", () => {
  const sources = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  // What `z.core` has is of use as a type, and types are in no bundle.
  const users = sources.filter((name) =>
    /\bz\.(?:compile|fromJSONSchema|locales|core(?!\.\$Zod\w*Issue\b))\b/.test(readFileSync(join("src", name), "utf8")),
  );
  expect(users).toEqual([]);
});

test("wrangler.toml puts it in zod's place", () => {
  expect(readFileSync("wrangler.toml", "utf8")).toContain('[alias]\n"zod" = "./src/zod.ts"\n');
});

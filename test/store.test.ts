/** Holds the seam along which tenants can part into databases of their own (docs/CAPACITY.md): all SQL is in store/, which is told where it works. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => ({ name, text: readFileSync(join("src", name), "utf8") }));
const inStore = sources.filter(({ name }) => name.startsWith("store/"));
const outside = sources.filter(({ name }) => !name.startsWith("store/"));

describe.each(inStore)("src/$name", ({ text }) => {
  test("takes the database as its first argument wherever it asks one, and knows no other", () => {
    const asking = [...text.matchAll(/^(?:export )?async function (\w+)(?:<\w+>)?\(\s*(\w+): (\w+)/gm)];
    const others = asking.filter(([, , name, type]) => !(name === "db" && type === "D1Database") && type !== "Cipher");
    expect(others.map(([, name]) => name)).toEqual([]);
    expect(text).not.toMatch(/\benv\b|\bEnv\b|^(?:const|let) .*D1Database/m);
  });
});

test("nothing but store/ writes SQL", () => {
  const statement = /\.prepare\(|"(?:SELECT|INSERT INTO|UPDATE|DELETE FROM) /;
  expect(outside.filter(({ text }) => statement.test(text)).map(({ name }) => name)).toEqual([]);
});

test("the database is named only to be handed on", () => {
  const named = /\benv\.DB\b/g;
  const handedOn = /(?:\(\s*|\bdb: )(?:c\.)?env\.DB\b/g;
  const kept = outside.filter(({ text }) => text.match(named)?.length !== text.match(handedOn)?.length);
  expect(kept.map(({ name }) => name)).toEqual([]);
});

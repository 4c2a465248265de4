/** What callers are told about their documents. */

import { z } from "@hono/zod-openapi";
import { describe, expect, test } from "vitest";
import { instant, paramsSchema, problemsOf, relationship } from "../../src/jsonapi/document.ts";

const schema = z.strictObject({
  name: z.string().min(1).max(5),
  count: z.int().min(1).max(9),
  kind: z.enum(["a", "b"]),
  list: z.array(z.string()),
  nested: z.strictObject({ "a/b": z.boolean() }),
});
const valid = { name: "x", count: 1, kind: "a", list: [], nested: { "a/b": true } };

function problems(document: unknown, by: z.ZodType = schema) {
  const { error } = by.safeParse(document);
  return error === undefined ? [] : problemsOf(error).map(({ detail, pointer }) => `${pointer}: ${detail}`);
}

describe("problemsOf", () => {
  test.each<[object, string]>([
    [{ name: undefined }, '/name: "name" is required.'],
    [{ name: null }, '/name: "name" must be a string.'],
    [{ name: "" }, '/name: "name" must not be empty.'],
    [{ name: "too long" }, '/name: "name" must be at most 5 characters long.'],
    [{ count: "1" }, '/count: "count" must be a number.'],
    [{ count: 1.5 }, '/count: "count" must be a whole number.'],
    [{ count: 0 }, '/count: "count" must be at least 1.'],
    [{ count: 10 }, '/count: "count" must be at most 9.'],
    [{ kind: "c" }, '/kind: "kind" must be "a" or "b".'],
    [{ list: {} }, '/list: "list" must be a list.'],
    [{ list: ["a", 1] }, '/list/1: An entry of "list" must be a string.'],
    [{ nested: [] }, '/nested: "nested" must be an object.'],
    [{ nested: {} }, '/nested/a~1b: "a/b" is required.'],
    [{ "~more": 1 }, '/~0more: "~more" is not known here.'],
  ])("%j", (change, problem) => {
    expect(problems({ ...valid, ...change })).toEqual([problem]);
  });

  test("tells all of them at once", () => {
    expect(problems({ extra: 1 })).toHaveLength(6);
  });

  test("speaks of the document itself when it is no object", () => {
    expect(problems(5)).toEqual([": The document must be an object."]);
  });

  test("cuts names of any length", () => {
    expect(problems({ ...valid, ["x".repeat(5000)]: 1 })[0]?.length).toBeLessThan(300);
  });

  test("names the ids that are taken", () => {
    const faults = problems({ data: { id: "no spaces", type: "user" } }, relationship("user"));
    expect(faults).toEqual(['/data/id: "id" must be 1 to 64 letters, digits, "_" or "-".']);
  });
});

describe("paramsSchema", () => {
  test.each([
    [{ a: "b" }, { a: "b" }],
    ['{"a":"b"}', { a: "b" }],
  ])("takes %j", (sent, params) => {
    expect(paramsSchema.parse(sent)).toEqual(params);
  });

  test.each([[{ a: 1 }], ["{"], ["[]"], [[]], [5]])("refuses %j", (sent) => {
    expect(paramsSchema.safeParse(sent).success).toBe(false);
  });
});

describe("instant", () => {
  test.each([
    [0, "1970-01-01T00:00:00Z"],
    [1_767_225_600_999, "2026-01-01T00:00:00Z"],
    [null, null],
  ])("%s: %s", (milliseconds, text) => {
    expect(instant(milliseconds)).toBe(text);
  });
});

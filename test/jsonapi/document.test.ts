/** What callers are told about their documents. */

import { z } from "@hono/zod-openapi";
import { describe, expect, test } from "vitest";
import { paramsSchema, relationship } from "../../src/jsonapi/document.ts";
import { instant } from "../../src/jsonapi/instant.ts";
import { problemsOf } from "../../src/jsonapi/problems.ts";

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
    [{ name: [] }, '/name: "name" must be a string.'],
    [{ name: ["a", "b"] }, '/name: "name" must be one text, not several.'],
    [{ list: {} }, '/list: "list" must be a list.'],
    [{ list: ["a", 1] }, '/list/1: An entry of "list" must be a string.'],
    [{ nested: [] }, '/nested: "nested" must be an object.'],
    [{ nested: {} }, '/nested/a~1b: "a/b" is required.'],
    [{ "~more": 1 }, '/~0more: "~more" is not known here.'],
  ])("%j", (change, problem) => {
    expect(problems({ ...valid, ...change })).toEqual([problem]);
  });

  const either = z.strictObject({
    text: z.union([
      z.enum(["a", "b"]),
      z.array(z.strictObject({ class: z.enum(["a", "b"]), more: z.string().optional() })).min(1),
    ]),
    table: z.record(z.string().min(1).max(3), z.union([z.string().max(3), z.strictObject({ deep: z.boolean() })])),
  });
  test.each<[object, string]>([
    [{ text: 5 }, '/text: "text" must be "a" or "b" or a list.'],
    [{ text: "c" }, '/text: "text" must be "a" or "b" or a list.'],
    [{ text: [] }, '/text: "text" must hold at least 1 entry.'],
    [{ text: [{ class: "a" }, 5] }, '/text/1: An entry of "text" must be an object.'],
    [{ text: [{ class: "c" }] }, '/text/0/class: "class" must be "a" or "b".'],
    [{ text: [{ class: "a", x: 1 }] }, '/text/0/x: "x" is not known here.'],
    [{ table: { a: 5 } }, '/table/a: "a" must be a string or an object.'],
    [{ table: { a: "long" } }, '/table/a: "a" must be at most 3 characters long.'],
    [{ table: { a: { deep: 1 } } }, '/table/a/deep: "deep" must be true or false.'],
    [{ table: { long: "a" } }, '/table/long: "long" must be at most 3 characters long.'],
    [{ table: { "": "a" } }, '/table/: "" must not be empty.'],
  ])("of alternatives, and of names: %j", (change, problem) => {
    expect(problems({ text: "a", table: {}, ...change }, either)).toEqual([problem]);
  });

  test("tells each fault of the alternative that was meant", () => {
    const document = { text: [{ class: "c", more: 1 }], table: {} };
    expect(problems(document, either).map((each) => each.split(":")[0])).toEqual(["/text/0/class", "/text/0/more"]);
  });

  test("names the setting of a flavour that a member belongs to", () => {
    const settings = z.strictObject({ flavour: z.strictObject({ list: z.array(z.string()), errors: either }) });
    expect(problems({ flavour: { list: [1], errors: { text: "c", table: { a: 1 } } } }, settings)).toEqual([
      '/flavour/list/0: An entry of "list" must be a string.',
      '/flavour/errors/text: "text" of "errors" must be "a" or "b" or a list.',
      '/flavour/errors/table/a: "a" of "errors" must be a string or an object.',
    ]);
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

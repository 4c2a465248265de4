/** The OpenAPI document itself: valid, closed, without loose ends. */

import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, test } from "vitest";
import { createApp } from "../src/http/app.ts";
import { OFFLINE } from "./support/offline.ts";

const app = createApp(OFFLINE);
const text = await (await app.request("http://localhost/openapi.json", {}, {})).text();
const openapi: Record<string, unknown> = JSON.parse(text);

/** Every object in a document, with where it is. */
function* objectsIn(value: unknown, at = "#"): Generator<[string, Record<string, unknown>]> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield [at, value as Record<string, unknown>];
  for (const [name, inner] of Object.entries(value)) yield* objectsIn(inner, `${at}/${name}`);
}

const objects = [...objectsIn(openapi)];
const operations = objects.filter(([, each]) => "responses" in each && "summary" in each);

describe("the document", () => {
  test("is OpenAPI 3.1, by the schema of the OpenAPI Initiative", async () => {
    expect(openapi["openapi"]).toBe("3.1.0");
    expect(await new Validator().validate(structuredClone(openapi))).toEqual({ valid: true });
    const broken = { ...structuredClone(openapi), paths: { "no-slash": {} } };
    expect((await new Validator().validate(broken)).valid).toBe(false);
  });

  test("has what each reference leads to", () => {
    const references = objects.flatMap(([, { $ref }]) => (typeof $ref === "string" ? [$ref] : []));
    const lost = references.filter(
      (reference) =>
        reference
          .slice(2)
          .split("/")
          .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], openapi) === undefined,
    );
    expect(references.length).toBeGreaterThan(50);
    expect(lost).toEqual([]);
  });

  test("allows no members that it does not name, but in forms and by the parts of conditions", () => {
    const open = objects.filter(
      ([, each]) =>
        typeof each["properties"] === "object" && each["type"] === "object" && each["additionalProperties"] !== false,
    );
    expect(open.map(([at]) => at)).toEqual([
      "#/paths//callback/oauth2/{client}/post/requestBody/content/application/x-www-form-urlencoded/schema",
      "#/paths//callback/oauth2/post/requestBody/content/application/x-www-form-urlencoded/schema",
    ]);
    const untyped = objects.filter(([, each]) => typeof each["properties"] === "object" && each["type"] === undefined);
    expect(untyped.map(([at]) => at).filter((at) => !/\/(if|then)$/.test(at))).toEqual([]);
  });

  test("has patterns that every reader can compile", () => {
    const patterns = objects.flatMap(([, { pattern }]) => (typeof pattern === "string" ? [pattern] : []));
    expect(patterns.length).toBeGreaterThan(10);
    for (const pattern of patterns) expect(() => new RegExp(pattern, "u")).not.toThrow();
    expect(patterns.filter((pattern) => /\/[a-z]*$/.test(pattern))).toEqual([]);
  });

  test("gives each operation a summary, one of the tags, and says where nobody is asked who they are", () => {
    const tags = (openapi["tags"] as { name: string; description: string }[]).map(({ name }) => name);
    expect(operations.length).toBeGreaterThan(25);
    for (const [at, { summary, tags: own, security }] of operations) {
      expect([at, typeof summary, tags.includes((own as string[])[0] ?? "")]).toEqual([at, "string", true]);
      // Providers fetch the public keys of clients, and have no key of ours.
      const isPublic = !at.startsWith("#/paths//v2/") || at.includes("/jwks.json/");
      expect([at, security]).toEqual([at, isPublic ? [] : undefined]);
    }
    const used = new Set(operations.flatMap(([, { tags: own }]) => own as string[]));
    expect(tags.filter((name) => !used.has(name))).toEqual([]);
  });

  test("describes each parameter", () => {
    const parameters = operations.flatMap(([at, { parameters: each = [] }]) =>
      (each as { name: string; description?: string }[]).map((parameter) => ({ at, ...parameter })),
    );
    expect(parameters.length).toBeGreaterThan(50);
    expect(parameters.filter(({ description }) => description === undefined)).toEqual([]);
  });
});

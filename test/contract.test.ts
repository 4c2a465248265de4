/** `Contract`: that it refuses every answer that the document does not describe, and no other. */

import { describe, expect, test } from "vitest";
import { Contract, type Description, type Exchange } from "./support/contract.ts";

const DOCUMENT: Description = {
  paths: {
    "/things/{id}": {
      get: {
        parameters: [{ name: "size", in: "query", schema: { type: "integer", minimum: 1 } }],
        responses: {
          "200": {
            description: "It.",
            headers: { ETag: { required: true, schema: { type: "string", pattern: '^"' } }, Age: { schema: {} } },
            content: { "application/json": { schema: { $ref: "#/components/schemas/Thing" } } },
          },
          "204": { description: "Nothing." },
          "404": {
            description: "`not_found`",
            content: { "application/json": { schema: { type: "object" } } },
          },
        },
      },
      put: {
        requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/Thing" } } } },
        responses: { "204": { description: "Done." } },
      },
    },
    "/things/new": { get: { responses: { "303": { description: "", headers: { Location: { $ref: "#/x/To" } } } } } },
  },
  components: {
    schemas: {
      Thing: {
        type: "object",
        properties: { name: { type: "string" } },
        required: ["name"],
        additionalProperties: false,
      },
    },
    headers: { To: { required: true } },
  },
};

const GOOD = { "content-type": "application/json", etag: '"1"' };
const json = (body: unknown, status = 200, headers: Record<string, string> = GOOD) => ({
  status,
  headers: new Headers(headers),
  text: JSON.stringify(body),
});
const error = (code: string, status: string) => ({ errors: [{ code, status }] });
const noRoute = json({ errors: [{ detail: "There is no such route." }] }, 404);

function checked(exchange: Partial<Exchange>, path = "/things/1") {
  const contract = new Contract(DOCUMENT);
  const url = `http://localhost${path}`;
  return () => contract.check({ method: "GET", url, ...json({ name: "a" }), ...exchange });
}

describe("Contract", () => {
  test.each([
    ["what is documented", {}, "/things/1?size=5"],
    ["a path with a slash at its end", {}, "/things/1/"],
    ["an optional header that is not there", json({ name: "a" }), "/things/1"],
    ["HEAD by what GET says, without a body", { method: "HEAD", text: "" }, "/things/1"],
    ["a documented failure", json(error("not_found", "404"), 404), "/things/1"],
    [
      "a path without parameters first",
      { status: 303, headers: new Headers({ location: "/" }), text: "" },
      "/things/new",
    ],
    ["a route that is nowhere", noRoute, "/nothing"],
    ["a method that is nowhere", { ...noRoute, method: "POST" }, "/things/1"],
    ["a request as it is documented", { method: "PUT", status: 204, text: "", sent: '{"name":"a"}' }, "/things/1"],
    ["a refused request that is not", { ...json(error("not_found", "404"), 404), sent: "{}" }, "/things/1?size=0"],
  ] as [string, Partial<Exchange>, string][])("takes %s", (_, exchange, path) => {
    expect(checked(exchange, path)).not.toThrow();
  });

  test.each([
    ["a member that is not documented", json({ name: "a", more: 1 }), "/things/1", "more"],
    ["a member of another type", json({ name: 1 }), "/things/1", "#/name"],
    ["a member that is missing", json({}), "/things/1", "name"],
    ["a status that is not documented", json({ name: "a" }, 201), "/things/1", "no such status"],
    ["a route that is not documented", json({ name: "a" }), "/nothing", "no such operation"],
    ["a failure of a route that is not", json(error("not_found", "404"), 404), "/nothing", "no such operation"],
    ["a method that is not documented", { method: "DELETE" }, "/things/1", "no such operation"],
    ["a path with an empty parameter", {}, "/things//", "no such operation"],
    [
      "a header that is missing",
      json({ name: "a" }, 200, { "content-type": GOOD["content-type"] }),
      "/things/1",
      "ETag",
    ],
    ["a header that is another", json({ name: "a" }, 200, { ...GOOD, etag: "1" }), "/things/1", "ETag"],
    ["a shared header that is missing", { status: 303, text: "" }, "/things/new", "Location"],
    [
      "another media type",
      json({ name: "a" }, 200, { ...GOOD, "content-type": "text/html" }),
      "/things/1",
      "text/html",
    ],
    ["a body where there should be none", { status: 204, text: "x" }, "/things/1", "a body"],
    ["a code that is not documented", json(error("conflict", "404"), 404), "/things/1", "conflict"],
    ["an error of another status", json(error("not_found", "400"), 404), "/things/1", "400"],
    [
      "an accepted request that is not documented",
      { method: "PUT", status: 204, text: "", sent: "{}" },
      "/things/1",
      "request",
    ],
    ["an accepted parameter beyond its bounds", {}, "/things/1?size=0", "size"],
    ["an accepted parameter that is not documented", {}, "/things/1?more=0", "more"],
  ] as [string, Partial<Exchange>, string, string][])("refuses %s", (_, exchange, path, words) => {
    expect(checked(exchange, path)).toThrow("is not as documented");
    expect(checked(exchange, path)).toThrow(words);
  });

  test("remembers what it has seen", () => {
    const contract = new Contract(DOCUMENT);
    contract.check({ method: "GET", url: "http://localhost/things/1", ...json({ name: "a" }) });
    contract.check({ method: "GET", url: "http://localhost/things/1", ...json(error("not_found", "404"), 404) });
    expect([...contract.seen]).toEqual(["GET /things/{id} 200", "GET /things/{id} 404"]);
    expect([...contract.codes]).toEqual(["not_found"]);
    expect(contract.documented).toContain("PUT /things/{id} 204");
  });
});

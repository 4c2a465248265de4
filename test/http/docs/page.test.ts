/** `/openapi.json` and `/docs`: that the page tells everything of the document, with tricky schemas, and lets nothing in. */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { describe, expect, test } from "vitest";
import type { AppEnv } from "../../../src/http/context.ts";
import { docsPage } from "../../../src/http/docs/page.ts";
import type { OpenApiDocument } from "../../../src/http/docs/schema.ts";
import { addDocumentationRoutes } from "../../../src/http/documentation.ts";

const HOSTILE = `<script>alert("x")</script><img src=https://evil.example.com/a.png onerror='y'>`;

interface Tree {
  name: string;
  children?: Tree[] | undefined;
}
const tree: z.ZodType<Tree> = z
  .object({ name: z.string(), children: z.lazy(() => z.array(tree)).optional() })
  .openapi("Tree");
const errors = z.object({ errors: z.array(z.object({ code: z.enum(["not_found", "conflict"]) })) }).openapi("Faults");

const tricky = z.strictObject({
  nothing_or_text: z.string().min(1).max(9).nullable(),
  one_word: z.literal("always-this"),
  some_words: z.enum(["p", "q"]).default("p").describe(HOSTILE),
  free: z.record(z.string(), z.unknown()),
  counts: z.record(z.string(), z.int().min(3)),
  "a/b~c<i>": z.object({ inner: z.int() }).optional(),
  entries: z.array(z.object({ id: z.string().regex(/^<b>&/) })).max(4),
  pair: z.tuple([z.string(), z.boolean()]),
  either: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("circle"), radius: z.number().gt(0) }),
    z.object({ kind: z.literal("square"), side: z.number().lt(7) }),
  ]),
  mixed: z.union([z.string(), z.null(), z.boolean()]),
  both: z.intersection(z.object({ left: z.string() }), z.object({ right: z.string() })),
  anything: z.any(),
  again: tree,
  maybe_tree: z.union([tree, z.null()]),
});

const json = <S extends z.ZodType>(schema: S) => ({ content: { "application/json": { schema } } });

function newApp() {
  const app = new OpenAPIHono<AppEnv>();
  addDocumentationRoutes(app);
  const change = createRoute({
    method: "post",
    path: "/v2/things/{thing_id}",
    tags: ["Things"],
    summary: "Change a thing",
    description: `Takes \`tricky\`.\n\n${HOSTILE}`,
    request: {
      params: z.object({ thing_id: z.uuid() }),
      query: z.object({ min_ttl: z.string().regex(/^\d+$/).default("7").describe("How long.") }),
      headers: z.object({ "if-none-match": z.string().optional() }),
      body: { ...json(tricky), required: true },
    },
    responses: {
      200: {
        description: "The thing.",
        headers: z.object({ ETag: z.string().describe("Its version.") }),
        ...json(tree),
      },
      404: { description: "There is none.", ...json(errors) },
      409: { description: "It is taken.", ...json(errors) },
      424: {
        description: "It failed.",
        ...json(z.object({ errors: z.array(z.object({ code: z.enum(["gone_wrong"]) })) })),
      },
    },
  });
  const remove = createRoute({
    method: "delete",
    path: "/v2/things/{thing_id}",
    request: { params: z.object({ thing_id: z.string() }) },
    responses: { 204: { description: "It is gone." } },
  });
  const health = createRoute({
    method: "get",
    path: "/status",
    security: [],
    responses: { 200: { description: "Well." } },
  });
  for (const route of [change, remove, health]) app.openapi(route as typeof health, (c) => c.body(null, 200));
  return app;
}

async function pageOf(openapi?: object) {
  const html = openapi
    ? String(await docsPage({ openapi: "3.1.0", info: { title: "T", version: "1" }, ...openapi }, "n"))
    : await (await newApp().request("/docs")).text();
  return { html, ...(await read(html)) };
}

/** Reads a page as a browser would, down to one line of text. */
async function read(html: string) {
  const elements: { tag: string; attributes: Map<string, string> }[] = [];
  const seen = new HTMLRewriter().on("*", {
    element: ({ tagName, attributes }) => {
      elements.push({ tag: tagName, attributes: new Map([...attributes] as [string, string][]) });
    },
  });
  await seen.transform(new Response(html)).text();
  const text = html
    .replace(/<style[^]*<\/style>/, "")
    .replaceAll("<wbr />", "")
    .replace(/<[^>]*>/g, "")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&")
    .replace(/\s+/g, " ");
  const all = (name: string) => elements.flatMap(({ attributes }) => attributes.get(name) ?? []);
  return { elements, text, all };
}

const bodyOf = (schema: unknown, components: object = {}) => ({
  components,
  paths: {
    "/x": { post: { requestBody: { required: true, content: { "application/json": { schema } } }, responses: {} } },
  },
});

describe("GET /openapi.json", () => {
  test("describes every route, and how to authenticate below /v2", async () => {
    const answer = await newApp().request("/openapi.json");
    expect(answer.headers.get("cache-control")).toBe("public, max-age=300");
    const document = await answer.json<OpenApiDocument>();
    expect(document.openapi).toBe("3.1.0");
    expect(Object.keys(document.paths ?? {})).toEqual(["/openapi.json", "/docs", "/v2/things/{thing_id}", "/status"]);
    expect(document.components?.securitySchemes).toMatchObject({
      basic: { scheme: "basic" },
      bearer: { scheme: "bearer" },
    });
    expect(document.security).toEqual([{ basic: [] }, { bearer: [] }]);
    expect(document.paths?.["/v2/things/{thing_id}"]?.post?.security).toBeUndefined();
    expect(document.paths?.["/status"]?.get?.security).toEqual([]);
  });
});

describe("GET /docs", () => {
  test("lets nothing run, load, frame or leak", async () => {
    const answer = await newApp().request("/docs");
    const policy = answer.headers.get("content-security-policy") ?? "";
    const nonce = /style-src 'nonce-([^']+)'/.exec(policy)?.[1] ?? "";
    expect(policy.replace(nonce, "N")).toBe(
      "default-src 'none'; style-src 'nonce-N'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect(answer.headers.get("referrer-policy")).toBe("no-referrer");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(await answer.text()).toContain(`<style nonce="${nonce}">`);
    const other = await newApp().request("/docs");
    expect(other.headers.get("content-security-policy")).not.toBe(policy);
  });

  test("has no script, no style outside its one element, and nothing from another host", async () => {
    const { elements, all } = await pageOf();
    const tags = new Set(elements.map(({ tag }) => tag));
    for (const tag of ["script", "img", "link", "iframe", "form", "base"]) expect(tags).not.toContain(tag);
    expect([...all("src"), ...all("style"), ...all("onerror")]).toEqual([]);
    expect(all("href").filter((href) => !/^(#|\/(?!\/))/.test(href))).toEqual([]);
  });

  test("shows markup in texts and patterns as text", async () => {
    const { html, text } = await pageOf();
    expect(html).not.toContain("<script");
    expect(html).not.toContain("<img");
    expect(text.split(HOSTILE)).toHaveLength(3);
    expect(text).toContain("matches ^<b>&");
    expect(text).toContain("a/b~c<i>");
  });

  test("has no anchor twice, and every link to one arrives", async () => {
    const { all } = await pageOf();
    const ids = all("id");
    expect(new Set(ids).size).toBe(ids.length);
    const targets = [
      ...all("href").filter((href) => href.startsWith("#")),
      ...all("aria-labelledby").map((id) => `#${id}`),
    ];
    expect(targets.filter((href) => !ids.includes(href.slice(1)))).toEqual([]);
    expect(targets).toContain("#main");
  });

  test("has landmarks, one h1, and no level of heading left out", async () => {
    const { elements } = await pageOf();
    const tags = elements.map(({ tag }) => tag);
    for (const tag of ["header", "nav", "main", "h1"]) expect(tags.filter((each) => each === tag)).toHaveLength(1);
    const levels = tags.filter((tag) => /^h[1-6]$/.test(tag)).map((tag) => Number(tag[1]));
    expect(levels.filter((level, at) => level > (levels[at - 1] ?? 0) + 1)).toEqual([]);
  });

  test("names every operation twice (in the contents and where it stands), under its tag", async () => {
    const { text } = await pageOf();
    for (const each of ["POST /v2/things/{thing_id}", "DELETE /v2/things/{thing_id}", "GET /status"]) {
      expect(text.split(each)).toHaveLength(3);
    }
    expect(text).toContain("Things POST");
    expect(text).toContain("Operations DELETE");
    expect(text).toContain("Change a thing Takes tricky.");
  });

  test("says how to authenticate, and where it is not needed", async () => {
    const { text } = await pageOf();
    expect(text).toContain("basic http basic");
    expect(text).toContain("bearer http bearer API key or JWT");
    expect(text.split("Needs no authentication.")).toHaveLength(4);
  });

  test.each([
    "thing_id string required in path format uuid",
    'min_ttl string in query matches ^\\d+$ default "7" How long.',
    "if-none-match string in header",
  ])("shows the parameter %s", async (words) => {
    expect((await pageOf()).text).toContain(words);
  });

  test.each([
    "/nothing_or_text string or null required 1 to 9 characters",
    '/one_word string required always "always-this"',
    '/some_words string one of "p", "q" default "p"',
    "/free free-form object required",
    "/counts map of integer required each at least 3",
    "/a~1b~0c<i>/inner integer required",
    "/entries list of object required at most 4 entries",
    "/entries/*/id string required matches",
    "/pair/1 boolean required",
    'either kind: "circle" object',
    "/either/radius number required more than 0",
    'or kind: "square" object',
    "/either/side number required less than 7",
    "/mixed string, boolean or null required",
    "/both/left string required",
    "/both/right string required",
    "/anything anything",
    "/again/name string required",
    "/again/children list of Tree (as above)",
    "/maybe_tree/name string required",
  ])("shows the member %s", async (words) => {
    expect((await pageOf()).text).toContain(words);
  });

  test("shows answers with their headers, bodies and codes; a shape that failures share stands there once", async () => {
    const { text } = await pageOf();
    expect(text).toContain("200 The thing. Headers ETag string Its version. application/json /name string required");
    expect(text).toContain("204 It is gone.");
    expect(text.split("x-request-id string")).toHaveLength(2);
    expect(text).toContain("On every response: x-request-id string");
    expect(text).toContain("404 There is none. Faults");
    expect(text).toContain("409 It is taken. Faults");
    expect(text).toContain("424 It failed. gone_wrong");
    expect(text.split('/errors/*/code string required one of "not_found", "conflict"')).toHaveLength(2);
  });
});

describe("docsPage", () => {
  test("gives two operations with alike paths two anchors", async () => {
    const operation = { responses: {} };
    const { all } = await pageOf({ paths: { "/a/{b}": { get: operation }, "/a/b": { get: operation } } });
    expect(all("id")).toEqual(expect.arrayContaining(["get-a-b", "get-a-b-2"]));
  });

  test("lists tags as the document does, and leaves out those without operations", async () => {
    const paths = { "/x": { get: { tags: ["B"], responses: {} }, put: { tags: ["A"], responses: {} } } };
    const { text } = await pageOf({
      paths,
      tags: [{ name: "A", description: "About A." }, { name: "B" }, { name: "C" }],
    });
    expect(text).toContain("A PUT /x B GET /x A About A.");
  });

  test("takes parameters of the path, and what the operation says instead", async () => {
    const parameters = [
      { name: "id", in: "path", required: true, description: "old" },
      { $ref: "#/components/parameters/Page" },
    ];
    const { text } = await pageOf({
      components: { parameters: { Page: { name: "page", in: "query", schema: { type: "integer" } } } },
      paths: {
        "/x/{id}": { parameters, get: { parameters: [{ ...parameters[0], description: "new" }], responses: {} } },
      },
    });
    expect(text).toContain("id anything required in path new page integer in query");
    expect(text).not.toContain("old");
  });

  test.each([
    ["a reference that leads nowhere", { $ref: "#/components/schemas/Gone" }, "Gone"],
    ["a reference to another document", { $ref: "https://example.com/schemas/Far" }, "Far"],
    ["a reference to itself", { $ref: "#/components/schemas/Self" }, "Self (as above)"],
    ["a member that is its own whole", { $ref: "#/components/schemas/Loop" }, "/next Loop (as above) or null"],
    ["words beside a reference", { $ref: "#/components/schemas/Word", description: "Mine." }, "string Mine."],
    ["true", { properties: { a: true } }, "/a anything"],
    ["false", { properties: { a: false } }, "/a nothing"],
    ["a value without a type", { properties: { a: { const: 5 } } }, "/a number always 5"],
    ["words that nobody knows", { "x-y": 1, not: {}, if: {}, properties: { a: { wat: [] } } }, "/a anything"],
    ["members besides the named", { properties: { a: {} }, additionalProperties: { type: "string" } }, "/* string"],
    ["names it asks for elsewhere", { anyOf: [{ required: ["a"] }, { required: ["b"] }] }, "must hold a"],
    ["numbers in steps", { type: "number", multipleOf: 5 }, "number a multiple of 5"],
    ["lists in lists", { items: { items: { properties: { a: {} } } } }, "list of list of object /*/*/a anything"],
    [
      "one choice besides null",
      { anyOf: [{ type: "string", maxLength: 3 }, { type: "null" }] },
      "string or null at most 3",
    ],
  ])("shows %s", async (_, schema, words) => {
    const schemas = {
      Self: { $ref: "#/components/schemas/Self" },
      Loop: { properties: { next: { anyOf: [{ $ref: "#/components/schemas/Loop" }, { type: "null" }] } } },
      Word: { type: "string", description: "Theirs." },
    };
    expect((await pageOf(bodyOf(schema, { schemas }))).text).toContain(words);
  });

  test("shows examples, and a page for a document without anything", async () => {
    const content = { "text/plain": { example: "</pre>" } };
    const { text } = await pageOf({
      paths: { "/x": { get: { responses: { default: { description: "", content } } } } },
    });
    expect(text).toContain('text/plain Example "</pre>"');
    expect((await pageOf({})).text).toContain("Version 1");
  });
});

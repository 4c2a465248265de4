/** Requests, made up from the OpenAPI document: right, nearly right, and rubbish. Ids of things that exist are put in when one is sent. */

import fc from "fast-check";
import { DAMAGE, type Damage, NO_DOCUMENT, RUBBISH, TOO_MUCH } from "./damage.ts";
import { type Schema, type Schemas, valuesOf } from "./schema.ts";

/** One operation of the document. */
export interface Operation {
  /** As `GET /v2/tenants/{id}`. */
  name: string;
  method: string;
  path: string;
  query: { name: string; schema: Schema }[];
  body: Schema | undefined;
}

/** One request before it is sent. */
export interface Case {
  operation: Operation;
  method: string;
  /** For each parameter of the path: which of the things that exist, or a text of its own. */
  inPath: (number | string)[];
  query: [name: string, value: unknown][];
  /** Who asks. */
  caller: number;
  contentType: string | null;
  headers: Record<string, string>;
  body:
    | { kind: "none" }
    | { kind: "text"; text: string }
    | { kind: "value"; value: unknown }
    | { kind: "known"; which: number };
  damage: Damage[];
  /** Settles whatever else there is to settle. */
  twist: number;
}

interface Described {
  paths: Record<
    string,
    Record<string, { parameters?: Parameter[]; requestBody?: { content: Record<string, { schema: Schema }> } }>
  >;
  components: { schemas: Schemas };
}
interface Parameter {
  name: string;
  in: string;
  schema: Schema;
}

/** Reads the operations of a document. */
export function operationsOf({ paths }: Described): Operation[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { parameters = [], requestBody }]) => ({
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path,
      query: parameters.filter((each) => each.in === "query"),
      body: requestBody && Object.values(requestBody.content)[0]?.schema,
    })),
  );
}

const OTHER_METHODS = ["PUT", "OPTIONS", "DELETE", "PATCH", "POST", "PROPFIND"];
const TYPES = [
  "application/vnd.api+json",
  "application/json; charset=utf-8",
  "APPLICATION/JSON",
  "text/plain",
  "text/html",
  "",
];
const MORE_TYPES = [
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "application/json;;",
  "a/b/c",
];

const IN_PATH = fc.oneof(
  { weight: 12, arbitrary: fc.nat(10_000) },
  { weight: 1, arbitrary: fc.uuid() },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...[
        " ",
        "%",
        "%00",
        "%ff",
        "%2e%2e",
        "..",
        "a%2Fb",
        "x".repeat(3000),
        "null",
        "__proto__",
        "'",
        "💩",
        "%F0%9F",
        "{id}",
        "*",
        ";a=b",
      ],
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 20 }) },
);

const HEADERS = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  {
    weight: 4,
    arbitrary: fc.dictionary(
      fc.constantFrom(
        "x-request-id",
        "if-none-match",
        "cache-control",
        "cookie",
        "origin",
        "cf-connecting-ip",
        "accept",
        "range",
      ),
      fc.oneof(fc.string({ maxLength: 40 }), fc.constantFrom("*", 'W/"1"', "no-cache", "x".repeat(4000), "a=b; c")),
      { maxKeys: 3 },
    ),
  },
);

/** Gives the arbitrary of all requests to one operation. */
export function casesOf(operation: Operation, schemas: Schemas): fc.Arbitrary<Case> {
  const { path, method, query, body } = operation;
  const parameters = path.match(/\{\w+\}/g)?.length ?? 0;
  const named = query.map(({ name, schema }) =>
    fc.tuple(
      fc.constant(name),
      fc.oneof({ weight: 3, arbitrary: valuesOf(schema, schemas) }, { weight: 1, arbitrary: RUBBISH }),
    ),
  );
  const odd = fc.tuple(fc.string({ maxLength: 8 }), RUBBISH);
  const queries = fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    { weight: 3, arbitrary: named.length === 0 ? fc.constant([]) : fc.array(fc.oneof(...named), { maxLength: 3 }) },
    { weight: 1, arbitrary: fc.array(fc.oneof(odd, ...named), { maxLength: 4 }) },
  );
  const none = { weight: 1, arbitrary: fc.constant({ kind: "none" } as const) };
  const text = {
    weight: 1,
    arbitrary: fc
      .oneof({ weight: 40, arbitrary: NO_DOCUMENT }, { weight: 1, arbitrary: TOO_MUCH })
      .map((each) => ({ kind: "text", text: each }) as const),
  };
  const bodies: fc.Arbitrary<Case["body"]> =
    body === undefined
      ? fc.oneof({ ...none, weight: 12 }, text)
      : fc.oneof(
          none,
          text,
          { weight: 4, arbitrary: valuesOf(body, schemas).map((value) => ({ kind: "value", value }) as const) },
          { weight: 8, arbitrary: fc.nat(100).map((which) => ({ kind: "known", which }) as const) },
        );
  return fc.record({
    operation: fc.constant(operation),
    method: fc.oneof(
      { weight: 20, arbitrary: fc.constant(method) },
      { weight: 1, arbitrary: fc.constantFrom(...OTHER_METHODS) },
    ),
    inPath: fc.array(IN_PATH, { minLength: parameters, maxLength: parameters }),
    query: queries,
    caller: fc.nat(100),
    contentType: fc.oneof(
      { weight: 20, arbitrary: fc.constant("application/json") },
      { weight: 1, arbitrary: fc.constantFrom(...TYPES, ...MORE_TYPES, null) },
    ),
    headers: HEADERS,
    body: bodies,
    damage: fc.oneof(
      { weight: 1, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(DAMAGE, { minLength: 1, maxLength: 3 }) },
    ),
    twist: fc.nat(10_000),
  });
}

/** What gets into a URI in the place of a variable, and that nothing else ever does. */

import fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Flavour } from "../../../src/domain/oauth2/flavour.ts";
import {
  filledUri,
  hostPatternFault,
  hostValueFault,
  unfilledIn,
  VARIABLE,
  variablesIn,
  variablesOf,
} from "../../../src/domain/oauth2/variables.ts";

const SHOP = "https://{{fields.shop}}.example.com/x";
const LABEL = "[A-Za-z0-9][A-Za-z0-9-]*";

describe("variablesIn", () => {
  test.each([
    ["https://example.com/x", []],
    [SHOP, ["fields.shop"]],
    ["https://{{ fields.shop }}.example.com/{{fields.shop}}/{{callback.dc}}", ["fields.shop", "callback.dc"]],
    ["https://example.com/{fields.shop}/{{fields.shop", []],
    ["https://example.com/{{}}/{{{fields.a}}}", ["", "fields.a"]],
  ])("finds those of %s", (uri, names) => {
    expect(variablesIn(uri)).toEqual(names);
  });
});

describe("names of variables", () => {
  test.each(["fields.shop", "fields.a-b_C9", "callback.location", `fields.${"a".repeat(64)}`])("%s is one", (name) => {
    expect(VARIABLE.test(name)).toBe(true);
  });

  test.each(["shop", "fields.", "fields.a.b", "Fields.shop", "fields.shop\n", "fields.é", `fields.${"a".repeat(65)}`])(
    "%j is none",
    (name) => {
      expect(VARIABLE.test(name)).toBe(false);
    },
  );
});

describe("filledUri", () => {
  const hosts: Flavour["hosts"] = {
    "fields.shop": LABEL,
    "fields.host": { pattern: `${LABEL}\\.example\\.org`, default: "login.example.org" },
    "fields.region": { values: { eu: "example.eu", "United States": "example.us" }, default: "example.com" },
    "fields.either": { values: { test: "sandbox" }, pattern: "[a-z]+" },
    "fields.any": ".*",
    "callback.dc": "us[0-9]{1,2}",
  };
  const filled = (uri: string, variables: Record<string, string>) => filledUri(uri, hosts, variables);

  test.each([
    ["https://example.com/x?y={1}", {}, "https://example.com/x?y={1}"],
    [SHOP, { "fields.shop": "acme-1" }, "https://acme-1.example.com/x"],
    ["https://{{ fields.shop }}.example.com", { "fields.shop": "a" }, "https://a.example.com"],
    ["https://{{fields.host}}/x", { "fields.host": "acme.example.org" }, "https://acme.example.org/x"],
    ["https://{{fields.host}}/x", {}, "https://login.example.org/x"],
    ["https://{{fields.host}}/x", { "fields.host": "" }, "https://login.example.org/x"],
    ["https://{{fields.region}}/x", { "fields.region": "eu" }, "https://example.eu/x"],
    ["https://{{fields.region}}/x", { "fields.region": "United States" }, "https://example.us/x"],
    ["https://{{fields.region}}/x", {}, "https://example.com/x"],
    ["https://{{fields.either}}.example.com/", { "fields.either": "test" }, "https://sandbox.example.com/"],
    ["https://{{fields.either}}.example.com/", { "fields.either": "acme" }, "https://acme.example.com/"],
    ["https://{{callback.dc}}.example.com/", { "callback.dc": "us21" }, "https://us21.example.com/"],
    [
      "https://{{fields.shop}}.example.com/{{fields.shop}}?to={{callback.dc}}",
      { "fields.shop": "a", "callback.dc": "us1" },
      "https://a.example.com/a?to=us1",
    ],
    // What a value says of replacing is text like any other.
    ["https://example.com/{{fields.any}}", { "fields.any": "a.b_c~d-e" }, "https://example.com/a.b_c~d-e"],
  ])("%s with %j", (uri, variables, expected) => {
    expect(filled(uri, variables)).toBe(expected);
    expect(unfilledIn(uri, hosts, variables)).toEqual([]);
  });

  test.each([
    ["is not said", SHOP, {}],
    ["is empty", SHOP, { "fields.shop": "" }],
    ["is not all of what the pattern takes", SHOP, { "fields.shop": "-acme" }],
    ["only holds what the pattern takes", SHOP, { "fields.shop": "acme." }],
    ["ends the line", SHOP, { "fields.shop": "acme\n" }],
    ["is another host", "https://{{fields.host}}/x", { "fields.host": "evil.com/.example.org" }],
    ["is none of a table's", "https://{{fields.region}}/x", { "fields.region": "mars" }],
    ["is named as what every object has", "https://{{fields.region}}/x", { "fields.region": "constructor" }],
    ["has no rule", "https://{{fields.other}}.example.com/", { "fields.other": "a" }],
    ["has the name of what every object has", "https://{{toString}}.example.com/", { toString: "a" }],
    ...["..", ".", "a/b", "a?b", "a#b", "a@b", "a:b", "a\\b", "%2e%2e", "a b", "é", "a\t", "{{fields.shop}}"].map(
      (value): [string, string, Record<string, string>] => [
        `is ${JSON.stringify(value)}, whatever its pattern`,
        "https://example.com/{{fields.any}}/x",
        { "fields.any": value },
      ],
    ),
    ["is longer than any may be", "https://example.com/{{fields.any}}", { "fields.any": "a".repeat(101) }],
  ])("fills nothing where a variable %s", (_, uri, variables: Record<string, string>) => {
    expect(filled(uri, variables)).toBeNull();
    expect(unfilledIn(uri, hosts, variables)).toEqual(variablesIn(uri));
  });

  test("fills nothing where that makes no URI", () => {
    expect(filled("https://{{fields.shop}}/x", { "fields.shop": "9999999999" })).toBeNull();
  });

  test("fills nothing without rules", () => {
    expect(filledUri(SHOP, undefined, { "fields.shop": "a" })).toBeNull();
  });

  test("takes from a flavour itself nothing that may not stand in a URI", () => {
    expect(filledUri(SHOP, { "fields.shop": { default: "evil.com/" } }, {})).toBeNull();
    expect(filledUri(SHOP, { "fields.shop": { values: { a: "evil.com/" } } }, { "fields.shop": "a" })).toBeNull();
  });
});

const CHARACTERS = "a Z 0 . - _ ~ / \\ @ : ? # % & = [ ] { } \t \n".split(" ");
/** Texts as people, and those who mean ill, may say them. */
const said = fc.oneof(
  fc.string({ unit: "binary", maxLength: 120 }),
  fc.string({ unit: fc.constantFrom(...CHARACTERS), maxLength: 30 }),
  fc.constantFrom("evil.com", "evil.com/", "a@evil.com:443", "..", "%2e%2e", "1.2.3.4", "0x7f", "xn--a", "//evil.com"),
);
/** Rules as wide as they can be, and tables that nobody has checked. */
const rule = fc.oneof(
  fc.constantFrom(".*", "[^]*", LABEL, "[A-Za-z0-9.-]+"),
  fc.record({ pattern: fc.constant(".*"), values: fc.dictionary(said, said), default: said }, { requiredKeys: [] }),
);
const values = fc.oneof(said, fc.double(), fc.boolean(), fc.constant(null), fc.object({ maxDepth: 1 }));

describe("whatever `fields` hold", () => {
  const fill = (uri: string, name: string, what: [unknown, NonNullable<Flavour["hosts"]>[string]]) =>
    filledUri(uri, { [`fields.${name}`]: what[1] }, variablesOf({ [name]: what[0] }, null));

  test("a host ends as its template does", () => {
    let filled = 0;
    fc.assert(
      fc.property(values, rule, (...what) => {
        const uri = fill(SHOP, "shop", what);
        if (uri === null) return;
        filled += 1;
        const { protocol, username, password, hostname, port, pathname, search, hash } = new URL(uri);
        expect(hostname.endsWith(".example.com")).toBe(true);
        expect([protocol, username, password, port, pathname, search, hash]).toEqual([
          "https:",
          "",
          "",
          "",
          "/x",
          "",
          "",
        ]);
      }),
      { numRuns: 2000 },
    );
    expect(filled).toBeGreaterThan(100);
  });

  test("a path is as deep as its template, on the same host", () => {
    let filled = 0;
    fc.assert(
      fc.property(values, rule, (...what) => {
        const uri = fill("https://example.com/{{fields.t}}/x", "t", what);
        if (uri === null) return;
        filled += 1;
        const { origin, pathname, search, hash } = new URL(uri);
        expect(origin).toBe("https://example.com");
        expect(pathname).toMatch(/^\/[^/]+\/x$/);
        expect([search, hash]).toEqual(["", ""]);
      }),
      { numRuns: 2000 },
    );
    expect(filled).toBeGreaterThan(100);
  });
});

describe("variablesOf", () => {
  test("gathers texts and numbers of `fields` and of a callback, and trims what people pasted", () => {
    expect(
      variablesOf({ shop: " acme\n", id: 7, no: null, deep: { a: 1 }, list: ["a"], is: true }, { dc: "us1" }),
    ).toEqual({
      "fields.shop": "acme",
      "fields.id": "7",
      "callback.dc": "us1",
    });
  });

  test.each([null, undefined, "text", 7])("takes a callback that is %j for none", (callback) => {
    expect(variablesOf(null, callback)).toEqual({});
  });

  test("lets no name of `fields` stand for another", () => {
    const fields = JSON.parse('{"__proto__":"a","shop.x":"b"}') as Record<string, unknown>;
    expect(Object.keys(variablesOf(fields, null)).every((name) => name.startsWith("fields."))).toBe(true);
    expect(
      filledUri("https://{{fields.__proto__}}.example.com/", { "fields.shop": "a" }, variablesOf(fields, null)),
    ).toBeNull();
  });
});

describe("hostPatternFault", () => {
  const SIMPLE = "must be a simple regular expression: no look-around, no references";
  const GROUP = "must not repeat a group";
  const OPEN = "must have fewer repetitions, options and alternatives";
  const NONE = "must be a regular expression";

  test.each([
    LABEL,
    "[A-Za-z0-9.-]+\\.example\\.com",
    "[a-z]+(-[a-z]+)?",
    "nl|be|de|fr|es|co\\.uk|com",
    "(?:a|b|c)\\.example\\.(com|org)",
    "[a-z0-9]{3,30}\\.([a-z]{2}\\.)?example\\.com",
    "us[0-9]{1,2}",
    "[a-z]+?",
    "\\(?a",
    "[(?=*+{]",
    "\\p{L}+",
    Array.from({ length: 30 }, () => "abcde").join("|"),
  ])("takes %s", (pattern) => {
    expect(hostPatternFault(pattern)).toBeNull();
  });

  test.each([
    ["[", NONE],
    ["a{", NONE],
    // Each of its halves is one only inside the brackets that are put around it.
    ["a)|(?:.*", NONE],
    ["(?=a)a", SIMPLE],
    ["(?<!a)b", SIMPLE],
    ["(?<name>a)", SIMPLE],
    ["(?i:a)", SIMPLE],
    ["(a)\\1", SIMPLE],
    ["(?<name>a)\\k<name>", SIMPLE],
    ["(a+)+", GROUP],
    ["(a|a)*", GROUP],
    ["(?:a?){30}", GROUP],
    ["((a)){2,}", GROUP],
    // Each of these would try millions of ways before it gave up.
    ["[a-z]+[a-z]+[a-z]+x", OPEN],
    [".*.*.*", OPEN],
    ["a{0,99}a{0,99}a{1,99}b", OPEN],
    ["a{1,}a*a+?b", OPEN],
    [`${"a?".repeat(30)}${"a".repeat(30)}`, OPEN],
    [`${"a??".repeat(30)}${"a".repeat(30)}`, OPEN],
    [`${"(a|a)".repeat(30)}b`, OPEN],
    [`${"(?:a|)".repeat(30)}b`, OPEN],
    [`${"(a|(b|a))".repeat(15)}b`, OPEN],
    [`x|${"a?".repeat(30)}`, OPEN],
    [`${"(".repeat(20)}${"a)?".repeat(20)}`, OPEN],
  ])("refuses %s", (pattern, fault) => {
    expect(hostPatternFault(pattern)).toBe(fault);
  });

  test("takes every pattern of the presets", () => {
    const presets = readdirSync("providers").map((file) => JSON.parse(readFileSync(`providers/${file}`, "utf8")));
    const rules = presets.flatMap(({ flavour }) => Object.values((flavour as Flavour | undefined)?.hosts ?? {}));
    const patterns = rules
      .map((each) => (typeof each === "string" ? each : each.pattern))
      .filter((each) => each != null);
    expect(patterns.length).toBeGreaterThan(5);
    expect(patterns.map(hostPatternFault)).toEqual(patterns.map(() => null));
  });
});

describe("hostValueFault", () => {
  test.each(["a", "example.co.uk", "A_b~c-9", "a".repeat(100)])("takes %s", (value) => {
    expect(hostValueFault(value)).toBeNull();
  });

  test.each(["", ".", "..", "a/b", "a b", "a\n", "a".repeat(101)])("refuses %j", (value) => {
    expect(hostValueFault(value)).toMatch(/^must be /);
  });
});

/** What is done to a document that was right, and what is sent in the place of one. Pure. */

import fc from "fast-check";

/** A value that stands for a text that no value of ours could be written as. */
const DEEP = "@deep@";
const DEPTHS = [200, 20_000];

/** What can be put in the place of anything. */
export const RUBBISH: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    ...[null, true, 0, -1, 1e308, -0, 2 ** 53, "", " ", "\u0000", "\ud800", "\ufeff", "‮", "null", "__proto__"],
    ...[
      "constructor",
      "{{host}}",
      "%00",
      "../..",
      "'; DROP TABLE secrets; --",
      "<script>alert(1)</script>",
      "\r\nX: y",
    ],
    ...[[], {}, [[]], [null], { toString: 1 }, { id: {} }, "x".repeat(5000), DEEP, Number.MAX_SAFE_INTEGER],
    ...["https://127.0.0.1/", "javascript:alert(1)", "0001-01-01T00:00:00Z", "9999999-01-01T00:00:00Z", "\u{1f4a9}"],
  ),
  fc.jsonValue({ maxDepth: 2 }),
  fc.string({ unit: "binary", maxLength: 30 }),
);

/** One change: where (a number, of all places there are), which, and with what. */
export interface Damage {
  where: number;
  kind: "replace" | "remove" | "add" | "wrap" | "rename";
  rubbish: unknown;
}

export const DAMAGE: fc.Arbitrary<Damage> = fc.record({
  where: fc.nat(),
  kind: fc.constantFrom<Damage["kind"]>("replace", "replace", "remove", "add", "wrap", "rename"),
  rubbish: RUBBISH,
});

/** Gives a damaged copy of a document. */
export function damaged(document: unknown, { where, kind, rubbish }: Damage): unknown {
  const root = { document: structuredClone(document) };
  const places = placesIn(root);
  const [holder, name] = places[where % places.length] ?? [root, "document"];
  switch (kind) {
    case "replace":
      holder[name] = rubbish;
      break;
    case "remove":
      delete holder[name];
      break;
    case "wrap":
      holder[name] = [holder[name]];
      break;
    case "rename":
      holder[`${name} `] = holder[name];
      delete holder[name];
      break;
    case "add":
      holder[typeof rubbish === "string" && rubbish !== "__proto__" ? rubbish : "unknown"] = rubbish;
  }
  return root.document;
}

function placesIn(holder: Record<string, unknown>): [Record<string, unknown>, string][] {
  return Object.entries(holder).flatMap(([name, value]) => [
    [holder, name] as [Record<string, unknown>, string],
    ...(typeof value === "object" && value !== null ? placesIn(value as Record<string, unknown>) : []),
  ]);
}

/** Writes a document as text, with what no value can hold: nesting that is deeper than a stack, and keys that stand twice. */
export function textOf(document: unknown, twist: number): string {
  const text = JSON.stringify(document) ?? "";
  const depth = DEPTHS[twist % DEPTHS.length] ?? 0;
  const deep =
    twist % 3 === 0 ? '{"a":'.repeat(depth) + "1" + "}".repeat(depth) : "[".repeat(depth) + "]".repeat(depth);
  const deepened = text.replace(`"${DEEP}"`, deep);
  return twist % 29 === 0 ? deepened.replace(/^\{/, '{"data":null,"data":{},') : deepened;
}

/** What is sent instead of a document. */
export const NO_DOCUMENT: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("", "{", "[]", "null", "0", '"', "{}", '{"data":[]}', "undefined", "\ufeff{}", "<a/>", "a=b&c=d"),
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.json({ maxDepth: 3 }),
);

/** Seldom, as it takes long: a body that is too large, and one that is too deep. */
export const TOO_MUCH: fc.Arbitrary<string> = fc.constantFrom(
  `{"data":"${"x".repeat(257 * 1024)}"}`,
  "[".repeat(100_000),
);

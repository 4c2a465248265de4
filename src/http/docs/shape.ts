/**
 * How a JSON Schema reads to a person: one type in words, what limits it, and what it is made of. Pure; knows nothing of HTML.
 * What it does not know in a schema it leaves out, so that a page can always be made.
 */

import { type AnySchema, flatten, isRecord, nameOf, type OpenApiDocument, type Schema, valuesOf } from "./schema.ts";

/** Says one limit of a value; `code` is shown as it would be written. */
export interface Limit {
  words: string;
  code?: string;
}

export interface Shape {
  /** "string or null", "list of object". */
  type: string;
  limits: Limit[];
  description: string | undefined;
  deprecated: boolean;
  parts: Part[];
}

/** A member of an object, or one of several shapes that a value may have. */
export interface Part {
  kind: "member" | "choice";
  /** Where it is, seen from the whole: segments of a JSON pointer, `*` for any entry. A choice is in the same place as the whole. */
  path: string[];
  /** What tells a choice from the others. */
  label: string | undefined;
  required: boolean;
  shape: Shape;
}

/** Describes a schema. A shape inside itself is named and not looked into again. */
export function shapeOf(document: OpenApiDocument, schema: unknown, trail: readonly string[] = []): Shape {
  if (!isRecord(schema)) return leaf(schema === false ? "nothing" : "anything");
  const flat = flatten(document, schema, trail);
  if (flat.opaque !== undefined) {
    const types = [flat.opaque, ...(flat.nullable || typesOf(flat.schema).includes("null") ? ["null"] : [])];
    return { ...leaf(inWords(types)), description: flat.schema.description };
  }
  const within = (inner: unknown) => shapeOf(document, inner, flat.trail);
  const choices = flat.groups.map((group) => choicesOf(document, group, within));
  const { words, limits, parts, descriptions } = contentsOf(flat.schema, within);
  const types = words.length > 0 ? words : choices.flat().map(({ shape }) => shape.type);
  if (flat.nullable) types.push("null");
  const own = flat.schema.description;
  return {
    type: inWords(types),
    limits: [...limitsOf(flat.schema), ...limits],
    description: [own, ...descriptions].filter((text) => text !== undefined).join("\n\n") || undefined,
    deprecated: flat.schema.deprecated === true,
    parts: [...parts, ...choices.filter((group) => !group.every(({ shape }) => isPlain(shape))).flat()],
  };
}

interface Contents {
  words: string[];
  limits: Limit[];
  parts: Part[];
  descriptions: (string | undefined)[];
}

/** Words the types, and looks into objects and lists. */
function contentsOf(schema: Schema, within: (inner: unknown) => Shape): Contents {
  const contents: Contents = { words: [], limits: [], parts: [], descriptions: [] };
  const addEach = (word: string, each: Shape) => {
    contents.words.push(`${word} of ${each.type}`);
    contents.limits.push(...each.limits.map((limit) => ({ ...limit, words: `each ${limit.words}` })));
    contents.parts.push(...each.parts.map((part) => ({ ...part, path: ["*", ...part.path] })));
    contents.descriptions.push(each.description);
  };
  for (const type of typesOf(schema)) {
    if (type === "object") {
      const members = membersOf(schema, within);
      const others = schema.additionalProperties;
      const says = isRecord(others) && Object.keys(others).length > 0;
      if (members.length === 0 && says) addEach("map", within(others));
      else if (members.length === 0 && others !== false) contents.words.push("free-form object");
      else contents.words.push(type);
      contents.parts.push(...members);
      if (members.length > 0 && says) contents.parts.push(member("*", false, within(others)));
    } else if (type === "array" && schema.prefixItems !== undefined) {
      contents.words.push("list");
      contents.parts.push(...schema.prefixItems.map((item, at) => member(String(at), true, within(item))));
      if (isRecord(schema.items)) contents.parts.push(member("*", false, within(schema.items)));
    } else if (type === "array") addEach("list", within(schema.items ?? {}));
    else contents.words.push(type);
  }
  return contents;
}

function membersOf({ properties, required = [] }: Schema, within: (inner: unknown) => Shape): Part[] {
  return Object.entries(properties ?? {}).map(([name, schema]) =>
    member(name, required.includes(name), within(schema)),
  );
}

function member(name: string, required: boolean, shape: Shape): Part {
  return { kind: "member", path: [name], label: undefined, required, shape };
}

function choicesOf(document: OpenApiDocument, group: AnySchema[], within: (inner: unknown) => Shape): Part[] {
  return group.map((choice) => ({
    kind: "choice",
    path: [],
    label: labelOf(document, choice),
    required: false,
    shape: within(choice),
  }));
}

/** Names a choice: by its title, by the name of what it refers to, or by a member that has one value only. */
function labelOf(document: OpenApiDocument, choice: AnySchema): string | undefined {
  if (!isRecord(choice)) return undefined;
  const { $ref, title, properties } = choice as Schema;
  if (title !== undefined) return title;
  if ($ref !== undefined) return nameOf($ref);
  for (const [name, schema] of Object.entries(properties ?? {})) {
    const [value, ...others] = isRecord(schema) ? valuesOf(flatten(document, schema, []).schema) : [];
    if (value !== undefined && others.length === 0) return `${name}: ${JSON.stringify(value)}`;
  }
  return undefined;
}

function typesOf(schema: Schema): string[] {
  const { type } = schema;
  if (type !== undefined) return [type].flat();
  if (schema.properties !== undefined || schema.additionalProperties !== undefined) return ["object"];
  if (schema.items !== undefined || schema.prefixItems !== undefined) return ["array"];
  return valuesOf(schema).map((value) => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value));
}

function limitsOf(schema: Schema): Limit[] {
  const limits: Limit[] = [];
  const values = valuesOf(schema);
  if (values.length > 0) {
    const code = values.map((value) => JSON.stringify(value)).join(", ");
    limits.push({ words: values.length === 1 ? "always" : "one of", code });
  }
  if (schema.format !== undefined) limits.push({ words: `format ${schema.format}` });
  limits.push(
    ...range(schema.minLength, schema.maxLength, "characters"),
    ...range(schema.minimum, schema.maximum, ""),
    ...range(schema.minItems, schema.maxItems, "entries"),
    ...range(schema.minProperties, schema.maxProperties, "members"),
  );
  if (schema.exclusiveMinimum !== undefined) limits.push({ words: `more than ${schema.exclusiveMinimum}` });
  if (schema.exclusiveMaximum !== undefined) limits.push({ words: `less than ${schema.exclusiveMaximum}` });
  if (schema.multipleOf !== undefined) limits.push({ words: `a multiple of ${schema.multipleOf}` });
  if (schema.uniqueItems === true) limits.push({ words: "no entry twice" });
  if (schema.pattern !== undefined) limits.push({ words: "matches", code: schema.pattern });
  const elsewhere = (schema.required ?? []).filter((name) => !Object.hasOwn(schema.properties ?? {}, name));
  if (elsewhere.length > 0) limits.push({ words: "must hold", code: elsewhere.join(", ") });
  if (schema.default !== undefined) limits.push({ words: "default", code: JSON.stringify(schema.default) });
  if (schema.readOnly === true) limits.push({ words: "read only" });
  if (schema.writeOnly === true) limits.push({ words: "write only" });
  return limits;
}

function range(least: number | undefined, most: number | undefined, unit: string): Limit[] {
  const bounds =
    least === undefined ? `at most ${most}` : most === undefined ? `at least ${least}` : `${least} to ${most}`;
  if (least === undefined && most === undefined) return [];
  return [{ words: `${least === most ? `exactly ${least}` : bounds} ${unit}`.trim() }];
}

function inWords(types: string[]): string {
  const each = [...new Set(types)].filter((type) => type !== "null");
  if (types.includes("null")) each.push("null");
  if (each.length === 0) return "anything";
  return each.length === 1 ? each.join() : `${each.slice(0, -1).join(", ")} or ${each.at(-1)}`;
}

function leaf(type: string): Shape {
  return { type, limits: [], description: undefined, deprecated: false, parts: [] };
}

function isPlain({ limits, parts, description }: Shape): boolean {
  return limits.length === 0 && parts.length === 0 && description === undefined;
}

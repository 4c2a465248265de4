/** Schemas of an OpenAPI 3.1 document without their references and `allOf`, as one that reads them needs them. Pure. */

import type { App } from "../context.ts";

export type OpenApiDocument = ReturnType<App["getOpenAPI31Document"]>;
export type AnySchema = NonNullable<NonNullable<OpenApiDocument["components"]>["schemas"]>[string];
export type Schema = Exclude<AnySchema, { $ref: string }>;

/** A schema without references and `allOf`. */
export interface Flat {
  schema: Schema;
  /** Each group of `anyOf` or `oneOf` that has more than one answer besides null. */
  groups: AnySchema[][];
  nullable: boolean;
  /** The references that were followed on the way here. */
  trail: readonly string[];
  /** What is not looked into: a shape inside itself, or one that does not stand in the document. */
  opaque: string | undefined;
}

/** Lays what a schema refers to, its `allOf` and its own words over each other; the later word counts. */
export function flatten(document: OpenApiDocument, schema: AnySchema, trail: readonly string[]): Flat {
  const { $ref, allOf, anyOf, oneOf, ...own } = schema as Schema;
  const layers: Flat[] = [];
  if ($ref !== undefined) layers.push(followed(document, $ref, trail));
  for (const part of allOf ?? []) layers.push(flatten(document, part, trail));

  const groups: AnySchema[][] = [];
  let nullable = false;
  for (const group of [anyOf, oneOf]) {
    const choices = group?.filter((choice) => !isRecord(choice) || choice["type"] !== "null") ?? [];
    if (choices.length < (group?.length ?? 0)) nullable = true;
    const [only] = choices;
    if (choices.length === 1 && only !== undefined) layers.push(flatten(document, only, trail));
    else if (choices.length > 1) groups.push(choices);
  }
  // Last, so that what stands beside a reference says more than what it leads to.
  layers.push({ schema: own, groups, nullable, trail, opaque: undefined });
  return layers.reduce(overlaid);
}

/** Finds what a reference of the document leads to (RFC 6901). */
export function lookUp(document: OpenApiDocument, reference: string): unknown {
  if (!reference.startsWith("#/")) return undefined;
  return reference
    .slice(2)
    .split("/")
    .map((part) => decoded(part).replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<unknown>((at, name) => (isRecord(at) && Object.hasOwn(at, name) ? at[name] : undefined), document);
}

/** Gives the last word of a reference. */
export function nameOf(reference: string): string {
  return decoded(reference.split("/").at(-1) ?? reference);
}

/** Tells objects from lists, null and the rest. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Lists the values that a schema allows when it names them. */
export function valuesOf({ const: only, enum: several }: { const?: unknown; enum?: unknown[] }): unknown[] {
  return only === undefined ? (several ?? []) : [only];
}

function followed(document: OpenApiDocument, reference: string, trail: readonly string[]): Flat {
  const nothing = { schema: {}, groups: [], nullable: false, trail };
  if (trail.includes(reference)) return { ...nothing, opaque: `${nameOf(reference)} (as above)` };
  const target = lookUp(document, reference);
  if (!isRecord(target)) return { ...nothing, opaque: nameOf(reference) };
  return flatten(document, target, [...trail, reference]);
}

function overlaid(below: Flat, above: Flat): Flat {
  const properties: Record<string, AnySchema> = { ...below.schema.properties };
  for (const [name, schema] of Object.entries(above.schema.properties ?? {})) {
    const other = properties[name];
    properties[name] = other === undefined ? schema : { allOf: [other, schema] };
  }
  return {
    schema: {
      ...below.schema,
      ...above.schema,
      ...(Object.keys(properties).length > 0 && { properties }),
      required: [...(below.schema.required ?? []), ...(above.schema.required ?? [])],
    },
    groups: [...below.groups, ...above.groups],
    nullable: below.nullable || above.nullable,
    trail: [...new Set([...below.trail, ...above.trail])],
    opaque: below.opaque ?? above.opaque,
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

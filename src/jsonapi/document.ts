/** The grammar that all documents share (JSON:API 1.1): requests, relationships and the members that many have. */

import { z } from "@hono/zod-openapi";
import { isBounded, MAX_DEPTH, MAX_FREE_FORM_LENGTH } from "../domain/free-form.ts";
import { OWN_ID, PLATFORM_ID } from "../domain/ids.ts";
import type { Problem } from "../errors.ts";
import { pointerTo, problemsOf } from "./problems.ts";

/** Wraps a resource as the document that answers a request. */
export function document(data: unknown): { data: unknown; meta: Record<string, never> } {
  return { data, meta: {} };
}

/** Wraps a page of a list, with what is known of the others. */
export function listDocument(data: unknown[], meta: z.infer<typeof pageSchema>, links: z.infer<typeof linksSchema>) {
  return { data, meta, links };
}

/** The schema of a document that answers with one resource. */
export function documentSchema<S extends z.ZodType>(resource: S) {
  return z.strictObject({ data: resource, meta: z.strictObject({}) });
}

const pageSchema = z
  .strictObject({ page: z.int(), per_page: z.int(), total: z.int(), total_pages: z.int() })
  .openapi("Page");
const linksSchema = z
  .strictObject({
    self: z.string(),
    first: z.string(),
    prev: z.string().nullable(),
    next: z.string().nullable(),
    last: z.string(),
  })
  .openapi("PageLinks");

/** The schema of a document that answers with a page of a list. */
export function listSchema<S extends z.ZodType>(resource: S) {
  return z.strictObject({ data: z.array(resource), meta: pageSchema, links: linksSchema });
}

/** Links that come back with what was shown. */
const shownLinksSchema = z
  .record(z.string(), z.unknown())
  .optional()
  .openapi({ description: "As they were shown; not looked at." });

/** Makes the schema of a document that creates one resource. */
export function requestDocument<A extends z.ZodType, R extends z.ZodType>(
  type: string,
  attributes: A,
  relationships: R,
) {
  return z.strictObject({ data: z.strictObject({ type: z.literal(type), attributes, relationships }) });
}

/** Makes the schema of a document that creates one resource of ours, whose id the caller may have made (JSON:API 1.1, client-generated ids). */
export function identifiedDocument<Id extends string, A extends z.ZodType, R extends z.ZodType>(
  type: string,
  attributes: A,
  relationships: R,
) {
  const id = z
    .string()
    .regex(OWN_ID, { error: "must be a UUID in lower case" })
    .transform((text) => text as Id)
    .optional()
    .openapi({ description: "One that is not in use; made here when you give none.", format: "uuid" });
  return z.strictObject({ data: z.strictObject({ type: z.literal(type), id, attributes, relationships }) });
}

/** Makes the schema of a document that changes one resource. Its id may be repeated. */
export function changeDocument<A extends z.ZodType, R extends z.ZodType>(
  type: string,
  attributes: A,
  relationships: R,
) {
  return z.strictObject({
    data: z.strictObject({
      type: z.literal(type),
      id: z.string().optional(),
      attributes,
      relationships,
      links: shownLinksSchema,
    }),
  });
}

/** Finds that a document names another resource than its path does: that is a conflict. */
export function otherIdProblems(sent: string | undefined, id: string): Problem[] {
  return sent === undefined || sent === id ? [] : [{ detail: '"id" is not that of the path.', pointer: "/data/id" }];
}

/** An id that the platform made. */
export const platformIdSchema = z.string().regex(PLATFORM_ID, { error: 'must be 1 to 64 letters, digits, "_" or "-"' });

/** Makes the schema of a relationship to one resource. Ids are the platform's: `[A-Za-z0-9_-]{1,64}`. */
export function relationship<Id extends string>(type: string) {
  const id = platformIdSchema.transform((text) => text as Id);
  return z.strictObject({ data: z.strictObject({ id, type: z.literal(type) }), links: shownLinksSchema });
}

/** Writes a relationship with the link to what it names. */
export function relatedTo<Type extends string>(type: Type, id: string, self: string) {
  return { data: { id, type }, links: { self } };
}

/** The schema of a relationship as it is written. */
export function relatedSchema<Type extends string>(type: Type) {
  return z.strictObject({
    data: z.strictObject({ id: z.string(), type: z.literal(type) }),
    links: z.strictObject({ self: z.string() }),
  });
}

export const instantSchema = z.iso
  .datetime()
  .openapi({ description: "RFC 3339, in UTC.", example: "2026-01-01T01:00:00Z" });

const YEAR_10000 = 253_402_300_800_000;
const dateTime = z.iso.datetime({ offset: true });

/** An instant in a request: RFC 3339, one that can be written as such again. */
export const instantTextSchema = z
  .string()
  .refine(isInstant, { error: "must be an instant such as 2026-01-01T01:00:00Z" })
  .openapi({ format: "date-time" });

function isInstant(text: string): boolean {
  const milliseconds = Date.parse(text);
  return dateTime.safeParse(text).success && milliseconds >= 0 && milliseconds < YEAR_10000;
}

/** Finds a member of a document that no schema has seen yet. */
export function memberAt(sent: unknown, path: string[]): unknown {
  return path.reduce<unknown>(
    (value, name) =>
      typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined,
    sent,
  );
}

/** A name for people: 1 to 255 characters. */
export const nameSchema = z.string().trim().min(1).max(255).openapi({ description: "For people." });

const BOUNDS = `must come to at most ${MAX_FREE_FORM_LENGTH} characters and nest at most ${MAX_DEPTH} deep`;

/** Free-form JSON. */
export const freeFormSchema = z.record(z.string(), z.unknown()).refine(isBounded, { error: BOUNDS });

/** Free-form JSON that the platform keeps with a secret. */
export const fieldsSchema = freeFormSchema.openapi({
  description: "What a component wants to know besides, as it came.",
});

/** Parameters of a request: an object of strings, or, as the platform's own clients send it, that object as a JSON string. */
export const paramsSchema = z
  .preprocess(
    (value) => (typeof value === "string" ? parseOrKeep(value) : value),
    z.record(z.string(), z.string()).refine(isBounded, { error: BOUNDS }),
  )
  .openapi({
    type: ["object", "string"],
    additionalProperties: { type: "string" },
    description: "An object of strings, or the same as a JSON string.",
  });

function parseOrKeep(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Where credentials stand in a document. */
export const CREDENTIALS_PATH = ["data", "attributes", "credentials"];

/** Looks at the credentials in a document with the schema of their type. That they are an object at all is told by the document's own. */
export function credentialsFaults(sent: unknown, schema: z.ZodType): Problem[] {
  const credentials = memberAt(sent, CREDENTIALS_PATH);
  if (typeof credentials !== "object" || credentials === null || Array.isArray(credentials)) return [];
  const result = schema.safeParse(credentials);
  const strange = strangeNames(credentials, CREDENTIALS_PATH);
  return [...strange, ...(result.success ? [] : problemsOf(result.error, CREDENTIALS_PATH))];
}

/** Finds members named `__proto__`, at any depth that is kept: parsers leave them out without a word. */
export function strangeNames(value: unknown, path: string[]): Problem[] {
  if (typeof value !== "object" || value === null || path.length > MAX_DEPTH) return [];
  return Object.entries(value).flatMap(([name, each]) =>
    name === "__proto__"
      ? [{ detail: '"__proto__" cannot be kept.', pointer: pointerTo([...path, name]) }]
      : strangeNames(each, [...path, name]),
  );
}

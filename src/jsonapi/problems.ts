/** What is told of a document that is not as its schema says: of each fault one sentence, and a pointer to its place (RFC 6901). */

import { z } from "@hono/zod-openapi";
import type { Problem } from "../errors.ts";

/** Says of every fault in a document, or in the part of it at `base`, what it is and where (RFC 6901). */
export function problemsOf(error: { issues: z.core.$ZodIssue[] }, base: PropertyKey[] = []): Problem[] {
  const mistyped = new Set(
    error.issues.filter(({ code }) => code === "invalid_type").map(({ path }) => JSON.stringify(path)),
  );
  return error.issues.flatMap((issue): Problem[] => {
    const path = [...base, ...issue.path];
    // zod measures what has a length, whatever its type.
    if (issue.code !== "invalid_type" && mistyped.has(JSON.stringify(issue.path))) return [];
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        detail: `${called([...path, key])} is not known here.`,
        pointer: pointerTo([...path, key]),
      }));
    }
    const meant = issue.code === "invalid_union" ? meantAlternative(issue.errors) : undefined;
    if (meant !== undefined) return problemsOf({ issues: meant }, path);
    const subject = typeof path.at(-1) === "number" ? `An entry of ${called(path)}` : called(path);
    return [{ detail: `${subject} ${issue.message}.`, pointer: pointerTo(path) }];
  });
}

/** Of the alternatives of a union, finds the one that was meant: of the right type, with the fewest faults. None: they all want another type. */
function meantAlternative(alternatives: z.core.$ZodIssue[][]): z.core.$ZodIssue[] | undefined {
  const isOfAnotherType = ({ code, path }: z.core.$ZodIssue) => path.length === 0 && OF_TYPES.has(code);
  const [meant] = alternatives
    .filter((issues) => !issues.some(isOfAnotherType))
    .toSorted((one, other) => one.length - other.length);
  return meant;
}

const OF_TYPES: ReadonlySet<string> = new Set(["invalid_type", "invalid_value", "invalid_union"]);

/** Names what a path leads to; inside a flavour, with the setting that it belongs to. */
function called(path: readonly PropertyKey[]): string {
  const names = path.filter((part) => typeof part !== "number").map(String);
  const name = names.at(-1);
  if (name === undefined) return "The document";
  const inFlavour = names.indexOf("flavour") + 1;
  const setting = inFlavour === 0 || inFlavour === names.length - 1 ? undefined : names[inFlavour];
  return setting === undefined ? `"${shown(name)}"` : `"${shown(name)}" of "${shown(setting)}"`;
}

/** Writes a path as a pointer (RFC 6901). */
export function pointerTo(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${shown(String(part)).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

function shown(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** Words a fault as the end of a sentence that starts with the member's name. */
function words(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.input === undefined && issue.code !== "custom") return "is required";
  switch (issue.code) {
    case "invalid_type":
      return Array.isArray(issue.input) && issue.input.length > 1 && issue.expected === "string"
        ? "must be one text, not several"
        : `must be ${article(issue.expected)}`;
    case "invalid_value":
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    case "too_small":
      if (issue.origin === "array") return `must hold at least ${entries(issue.minimum)}`;
      return issue.origin === "string" ? "must not be empty" : `must be at least ${issue.minimum}`;
    case "too_big":
      if (issue.origin === "array") return `must hold at most ${entries(issue.maximum)}`;
      return `must be at most ${issue.maximum}${issue.origin === "string" ? " characters long" : ""}`;
    case "invalid_format":
      return issue.format === "regex" ? `must match ${issue.pattern}` : `must be ${article(issue.format)}`;
    case "invalid_key":
      return issue.issues[0]?.message;
    case "invalid_union":
      return either(issue.errors.flatMap(([first]) => first?.message ?? []));
    default:
      return undefined;
  }
}

/** Joins what each alternative wants: "must be a string or a list". */
function either(wanted: string[]): string {
  const [first = "is not valid", ...others] = new Set(wanted);
  return [first, ...others.map((each) => each.replace(/^must be /, ""))].join(" or ");
}

function entries(count: number | bigint): string {
  return `${count} ${Number(count) === 1 ? "entry" : "entries"}`;
}

const ARTICLES: Record<string, string> = {
  array: "a list",
  boolean: "true or false",
  email: "an email address",
  int: "a whole number",
  number: "a number",
  object: "an object",
  record: "an object",
  string: "a string",
};

function article(expected: string): string {
  return ARTICLES[expected] ?? expected;
}

z.config({ customError: words });

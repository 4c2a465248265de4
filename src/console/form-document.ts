/** What a form says, as a document of the API: a field is named by the place in it that it fills in (RFC 6901). */

import type { Fault } from "./service.ts";

/** How the text of a field becomes a member of the document. Anything else is a text. */
export type Reads = Record<string, "number" | "json" | "words" | "pairs" | "list">;

/** What somebody else made: a space at either end may be part of it. */
const AS_TYPED = /(password|headerValue|_token|_secret|private_key)$/;

/** Makes the document that a form describes. Fields that were left empty are left out. */
export function documentOf(sent: URLSearchParams, reads: Reads = {}): { document: object; faults: Fault[] } {
  const document: Record<string, unknown> = {};
  const faults: Fault[] = [];
  // What contains others comes first: they are put into it.
  for (const name of [...new Set(sent.keys())].toSorted((one, other) => one.length - other.length)) {
    const typed = sent.get(name) ?? "";
    if (!name.startsWith("/data/") || typed.trim() === "") continue;
    const text = AS_TYPED.test(name) ? typed : typed.trim();
    try {
      put(document, name.slice(1).split("/"), valueOf(text, sent.getAll(name), reads[name]));
    } catch {
      faults.push({ detail: "This is no valid JSON. It begins with { and ends with }.", source: { pointer: name } });
    }
  }
  return { document, faults };
}

/** Makes the document of a change: fields that still say what was shown are left out, and null takes back what was emptied. */
export function changesOf(sent: URLSearchParams, shown: Readonly<Record<string, string>>, reads: Reads = {}) {
  const changed = new URLSearchParams([...sent].filter(([name, text]) => isChanged(text, shown[name])));
  const { document, faults } = documentOf(changed, reads);
  for (const [name, text] of changed) {
    if (name.startsWith("/data/") && text.trim() === "") put(document as Members, name.slice(1).split("/"), null);
  }
  return { document, faults };
}

/** Decides whether a field says something else than was shown. Browsers send lines with an end of their own. */
export function isChanged(text: string, shown = ""): boolean {
  return text.replaceAll("\r\n", "\n").trim() !== shown.trim();
}

function valueOf(text: string, all: string[], reads: Reads[string] | undefined): unknown {
  switch (reads) {
    case "number":
      return /^\d{1,15}$/.test(text) ? Number(text) : text;
    case "json":
      return objectIn(text);
    case "words":
      return text.split(/[\s,]+/);
    case "list":
      return all;
    case "pairs":
      return Object.fromEntries(
        text
          .split(/\r?\n/)
          .filter((line) => line.trim() !== "")
          .map((line) => {
            const [name = "", ...value] = line.split("=");
            return [name.trim(), value.join("=").trim()];
          }),
      );
    default:
      return text;
  }
}

type Members = Record<string, unknown>;

function objectIn(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new SyntaxError("no object");
  return value;
}

function put(document: Members, path: string[], value: unknown): void {
  const [name = "", ...others] = path;
  if (others.length === 0) document[name] = value;
  // No member that an object has by itself is one of a document.
  else put((document[name] ??= Object.create(null)) as Members, others, value);
}

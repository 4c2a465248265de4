/** How a provider differs from the standard, as data on the auth client. Every setting has a default; nothing here is code of theirs. */

import type { RefusalClass } from "./response.ts";

/** The settings. Names are as on the wire. */
export interface Flavour {
  /** What a provider's error codes mean, before the standard is asked: a class, or rules of which the first that matches counts. */
  errors?: Record<string, RefusalClass | ErrorRule[]> | undefined;
  /** `expires_in: 0` says that a token never expires. */
  zero_means_never?: boolean | undefined;
  /** A grant that has rested for so long is renewed, however long its token lives: idle grants die at some providers. */
  keepalive_seconds?: number | undefined;
}

/** What one code means; `text` narrows it to descriptions that hold this, whatever their case. */
export interface ErrorRule {
  class: RefusalClass;
  text?: string | undefined;
}

/** Finds the class that a flavour gives to a provider's code; null when the standard decides. */
export function flavouredClass(flavour: Flavour | undefined, code: unknown, description: unknown): RefusalClass | null {
  if (typeof code !== "string" || flavour?.errors === undefined || !Object.hasOwn(flavour.errors, code)) return null;
  const rules = flavour.errors[code];
  if (typeof rules === "string") return rules;
  const said = typeof description === "string" ? description.toLowerCase() : "";
  return rules?.find(({ text }) => text === undefined || said.includes(text.toLowerCase()))?.class ?? null;
}

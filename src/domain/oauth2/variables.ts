/**
 * Variables in URIs: `https://{{fields.shop}}.example.com`. The only way by which what somebody says, in `fields` or in a callback, gets
 * into a URL: each value must be what the flavour's `hosts` allow. Pure.
 */

import type { Flavour, HostRule } from "./flavour.ts";

/** What is said: `fields.shop` → `acme`. */
export type Variables = Readonly<Record<string, string>>;

/** Matches names of variables. */
export const VARIABLE = /^(fields|callback)\.[A-Za-z0-9_-]{1,64}$/;
/** Whatever a pattern allows, a value holds nothing that ends a host or a path. */
const VALUE = /^(?!\.+$)[A-Za-z0-9._~-]{1,100}$/;
const PLACEHOLDER = /\{\{([^{}]*)\}\}/g;
const MOST_REPETITIONS = 2;

/** Lists the variables of a URI. */
export function variablesIn(uri: string): string[] {
  return [...new Set([...uri.matchAll(PLACEHOLDER)].map(([, name = ""]) => name.trim()))];
}

/** Puts values in the place of variables. Null when one is not said, or is not what it may be. */
export function filledUri(uri: string, hosts: Flavour["hosts"], variables: Variables): string | null {
  let isFilled = true;
  const filled = uri.replace(PLACEHOLDER, (_, name: string) => {
    const value = allowedValue(name.trim(), hosts, variables);
    if (value === null) isFilled = false;
    return value ?? "";
  });
  return isFilled ? filled : null;
}

/** Finds the variables of a URI that are not said, or are not what they may be. */
export function unfilledIn(uri: string, hosts: Flavour["hosts"], variables: Variables): string[] {
  return variablesIn(uri).filter((name) => allowedValue(name, hosts, variables) === null);
}

function allowedValue(name: string, hosts: Flavour["hosts"], variables: Variables): string | null {
  const rule = hosts !== undefined && Object.hasOwn(hosts, name) ? hosts[name] : undefined;
  if (rule === undefined) return null;
  const { pattern, values, default: otherwise }: HostRule = typeof rule === "string" ? { pattern: rule } : rule;
  const said = Object.hasOwn(variables, name) ? variables[name] : undefined;
  if (said === undefined || said === "") return otherwise ?? null;
  if (values !== undefined && Object.hasOwn(values, said)) return values[said] ?? null;
  if (pattern === undefined || !VALUE.test(said)) return null;
  return whole(pattern).test(said) ? said : null;
}

/** Says what is wrong with a pattern as the end of a sentence ("must …"); null when it is one that is matched in little time. */
export function hostPatternFault(pattern: string): string | null {
  const withoutClasses = pattern.replaceAll(/\\./g, "e").replaceAll(/\[[^\]]*\]/g, "c");
  if (/\\[1-9k]|\(\?(?!:)/.test(pattern)) return "must be a simple regular expression: no look-around, no references";
  if (/\)\s*[*+{]/.test(withoutClasses)) return "must not repeat a group";
  if ((withoutClasses.match(/[*+]|\{\d+,/g) ?? []).length > MOST_REPETITIONS) {
    return `must not have more than ${MOST_REPETITIONS} repetitions`;
  }
  return isExpression(pattern) ? null : "must be a regular expression";
}

function isExpression(pattern: string): boolean {
  try {
    return whole(pattern).unicode;
  } catch {
    return false;
  }
}

/** Makes an expression for a whole value. */
function whole(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`, "u");
}

/** Says what is wrong with a value that a flavour itself puts into URIs; null when nothing is. */
export function hostValueFault(value: string): string | null {
  return VALUE.test(value) ? null : "must be 1 to 100 of A-Z, a-z, 0-9, and . _ ~ -";
}

/** Gathers what is said: the texts among `fields`, and what a callback brought. */
export function variablesOf(fields: Record<string, unknown> | null, callback: unknown): Variables {
  const said = (prefix: string, members: unknown) =>
    Object.entries(typeof members === "object" && members !== null ? members : {}).flatMap(([name, value]) =>
      typeof value === "string" || typeof value === "number" ? [[`${prefix}.${name}`, String(value).trim()]] : [],
    );
  return Object.fromEntries([...said("fields", fields), ...said("callback", callback)]) as Variables;
}

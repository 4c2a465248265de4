/**
 * Variables in URIs: `https://{{fields.shop}}.example.com`. The only way by which what somebody says, in `fields` or in a callback, gets
 * into a URL: each value must be what the flavour's `hosts` allow. Pure.
 */

import type { Problem } from "../../errors.ts";
import type { Flavour, HostRule } from "./flavour.ts";

/** What is said: `fields.shop` → `acme`. */
export type Variables = Readonly<Record<string, string>>;

/** Matches names of variables. */
export const VARIABLE = /^(fields|callback)\.[A-Za-z0-9_-]{1,64}$/;
/** Whatever a pattern allows, a value holds nothing that ends a host or a path. */
const VALUE = /^(?!\.+$)[A-Za-z0-9._~-]{1,100}$/;
const LONGEST_VALUE = 100;
const PLACEHOLDER = /\{\{([^{}]*)\}\}/g;
/** How many ways a pattern may have for one value to match: so many are tried in some milliseconds. */
const MOST_WAYS = 200_000;

/** Lists the variables of a URI. */
export function variablesIn(uri: string): string[] {
  return [...new Set([...uri.matchAll(PLACEHOLDER)].map(([, name = ""]) => name.trim()))];
}

/** Puts values in the place of variables. Null when one is not said, is not what it may be, or makes no URI. */
export function filledUri(uri: string, hosts: Flavour["hosts"], variables: Variables): string | null {
  let isFilled = true;
  const filled = uri.replace(PLACEHOLDER, (_, name: string) => {
    const value = allowedValue(name.trim(), hosts, variables);
    if (value === null) isFilled = false;
    return value ?? "";
  });
  return isFilled && URL.canParse(filled) ? filled : null;
}

/** Puts what is said in the place of variables, as it is: for texts that lead nowhere. Null when nothing is said for one of them. */
export function saidWith(text: string, variables: Variables): string | null {
  const isSaid = (name: string) => Object.hasOwn(variables, name) && variables[name] !== "";
  if (!variablesIn(text).every(isSaid)) return null;
  return text.replace(PLACEHOLDER, (_, name: string) => variables[name.trim()] ?? "");
}

/** Finds the variables of a URI that are not said, or are not what they may be. */
export function unfilledIn(uri: string, hosts: Flavour["hosts"], variables: Variables): string[] {
  return variablesIn(uri).filter((name) => allowedValue(name, hosts, variables) === null);
}

function allowedValue(name: string, hosts: Flavour["hosts"], variables: Variables): string | null {
  const rule = hosts !== undefined && Object.hasOwn(hosts, name) ? hosts[name] : undefined;
  if (rule === undefined) return null;
  const said = Object.hasOwn(variables, name) ? variables[name] : undefined;
  const value = chosenValue(typeof rule === "string" ? { pattern: rule } : rule, said);
  // Whatever a flavour holds, by the time it is used nothing else gets into a URI.
  return value !== undefined && VALUE.test(value) ? value : null;
}

function chosenValue(rule: HostRule, said: string | undefined): string | undefined {
  if (said === undefined || said === "") return rule.default;
  if (rule.values !== undefined && Object.hasOwn(rule.values, said)) return rule.values[said];
  const isMatched = rule.pattern !== undefined && VALUE.test(said) && whole(rule.pattern).test(said);
  return isMatched ? said : undefined;
}

/** Says what is wrong with a pattern as the end of a sentence ("must …"); null when it is one that is matched in little time. */
export function hostPatternFault(pattern: string): string | null {
  if (!isExpression(pattern)) return "must be a regular expression";
  const plain = withoutTexts(pattern);
  if (/\\|\(\?/.test(plain)) return "must be a simple regular expression: no look-around, no references";
  if (/\)[*+{]/.test(plain)) return "must not repeat a group";
  return waysThrough(plain) > MOST_WAYS ? "must have fewer repetitions, options and alternatives" : null;
}

/** Leaves of an expression what decides where a match may go; of escapes only references, as a backslash. */
function withoutTexts(pattern: string): string {
  return pattern
    .replaceAll(/\\(.)/gs, (_, escaped: string) => (/[1-9k]/.test(escaped) ? "\\" : "e"))
    .replaceAll(/\[[^\]]*\]/g, "c")
    .replaceAll("(?:", "(");
}

/**
 * Counts the ways through an expression in which no group is repeated: an option doubles them, a repetition has one for each length of
 * a value, alternatives add up, and what follows on each other multiplies. However a matcher goes about it, it tries each of them once.
 */
function waysThrough(plain: string): number {
  /** Of each group that is open, the outermost first: the ways of the alternatives before, and of the one at hand. */
  const outer: { before: number; current: number }[] = [];
  let group = { before: 0, current: 1 };
  for (const [token, least, most] of plain.matchAll(/\{(\d+)(,?\d*)\}\??|[*+?]\??|[()|]/g)) {
    if (token === "(") {
      outer.push(group);
      group = { before: 0, current: 1 };
    } else if (token === "|") {
      group = { before: group.before + group.current, current: 1 };
    } else if (token === ")") {
      const ways = group.before + group.current;
      group = outer.pop() ?? group;
      group.current *= ways;
    } else {
      group.current *= token.startsWith("?") ? 2 : lengths(least, most);
    }
  }
  return group.before + group.current;
}

/** Counts the lengths that a repetition may have, `{2,5}` for instance: `least` "2", `most` ",5". Both undefined: any. */
function lengths(least = "0", most = ","): number {
  if (most === "") return 1;
  const longest = most === "," ? LONGEST_VALUE : Math.min(Number(most.slice(1)), LONGEST_VALUE);
  return Math.max(1, longest - Number(least) + 1);
}

function isExpression(pattern: string): boolean {
  try {
    // Bare, so that no bracket of a pattern ends the group that `whole` puts around it.
    return new RegExp(pattern, "u").unicode;
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

const OF_FIELDS = "fields.";

/** Words what `fields` lack, or say and may not, for URIs with variables. `pointer` leads to where they are. */
export function fieldProblems(
  uris: readonly string[],
  hosts: Flavour["hosts"],
  fields: Record<string, unknown> | null,
  pointer: string,
): Problem[] {
  const variables = variablesOf(fields, null);
  const unfilled = new Set(uris.flatMap((uri) => unfilledIn(uri, hosts, variables)));
  return [...unfilled]
    .filter((name) => name.startsWith(OF_FIELDS))
    .map((name) => name.slice(OF_FIELDS.length))
    .map((name) => ({
      detail: `"${name}" is part of the provider's address, and must be what the auth client's "hosts" allow.`,
      pointer: `${pointer}/${name}`,
    }));
}

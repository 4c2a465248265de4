/**
 * Reads a token answer of any dialect: its members, whether it tells of an error, its tokens under the standard's names, and what else it
 * says. Pure; judges nothing.
 */

import { ANSWER_FIELDS, type AnswerField, type Flavour } from "./flavour.ts";

/** The members of a token answer, before anybody has judged them. */
export type Members = Record<string, unknown>;

/** What came back, before anybody has judged it. `body` is at most 1 MiB. */
export interface RawAnswer {
  status: number;
  /** The `Retry-After` header as it came. */
  retryAfter: string | null;
  /** The media type without its parameters. */
  mediaType?: string | null;
  /** It refuses whoever asked, and wants Basic authentication (RFC 9110 11.6.1). */
  asksForBasic?: true;
  body: string;
}

/** An answer, read by a flavour. */
export interface ReadAnswer {
  /** Null: it tells of none, as far as its members go. */
  error: ErrorSaid | null;
  /** Its tokens, under the standard's names (RFC 6749 5.1). */
  tokens: Partial<Record<AnswerField, unknown>>;
  /** Where the tokens are. */
  root: Members;
  whole: Members;
}

/** What an answer says of an error. */
export interface ErrorSaid {
  /** Null: it names none. */
  code: string | null;
  /** All texts around it, for the rules of a flavour alone: never shown, never logged. */
  said: string;
}

/** Members of a token answer that OAuth 2.0 names (RFC 6749 5.1, 5.2), and that are never kept as something else. */
const NAMED = ["access_token", "token_type", "expires_in", "refresh_token", "scope"] as const;
const OF_ERRORS = ["error", "error_description", "error_uri"];
const DESCRIPTIONS = [
  ...[
    "error_description",
    "message",
    "error_message",
    "errmsg",
    "errorMessage",
    "msg",
    "detail",
    "title",
    "description",
  ],
  ...["error", "error.message", "error.error_description", "errors.0.message", "errors.0.detail"],
];

/** Turns an answer into its members; null when it is neither a JSON object nor a form. */
export function membersOf(answer: RawAnswer): Members | null {
  const text = answer.body.replace(/^\uFEFF/, "").trim();
  if (/^(\{|\[\s*\{)/.test(text)) {
    try {
      // A list of objects has its positions as names.
      return { ...(JSON.parse(text) as Members) };
    } catch {
      return null;
    }
  }
  if (/^[\w.-]+=/.test(text) && !text.includes("\n")) return Object.fromEntries(new URLSearchParams(text));
  return null;
}

/** Names the format of an answer that has no members; null when nobody can say. */
export function foreignFormat(answer: RawAnswer): "html" | "xml" | null {
  const text = answer.body.replace(/^\uFEFF/, "").trimStart();
  if (!text.startsWith("<")) return null;
  return /^<(!doctype\s+html|html|head|body)\b/i.test(text) || answer.mediaType === "text/html" ? "html" : "xml";
}

/** Reads an answer by a flavour, which is the one for its kind of request. */
export function readAnswer(flavour: Flavour, whole: Members): ReadAnswer {
  const roots = listOf(flavour.response_root, "").map((path) => valueAt(whole, path));
  const objects = roots.filter(isObject);
  const root = objects.find((each) => tokenIn(fieldAt(each, "access_token", flavour)) !== null) ?? objects[0] ?? whole;
  const tokens = Object.fromEntries(ANSWER_FIELDS.map((field) => [field, fieldAt(root, field, flavour)]));
  return { error: errorIn(flavour, whole, tokenIn(tokens["access_token"]) !== null), tokens, root, whole };
}

/** Makes a conforming token answer (RFC 6749 5.1): what is missing and implied is put in, the rest left out. */
export function conformingAnswer({ tokens }: ReadAnswer, { scope_separator: separator = " " }: Flavour): Members {
  const { scope } = tokens;
  const refreshToken = tokenIn(tokens.refresh_token);
  const answer: Members = { access_token: tokenIn(tokens.access_token) ?? tokens.access_token, token_type: "Bearer" };
  if (refreshToken !== null) answer["refresh_token"] = refreshToken;
  if (Array.isArray(scope)) answer["scope"] = scope.filter(isText).join(" ");
  else if (typeof scope === "string")
    answer["scope"] = scope
      .split(separator)
      .flatMap((each) => each.split(/[\s,]+/))
      .filter(isText)
      .join(" ");
  return answer;
}

/** Finds the tokens that an answer has under the standard's own names (RFC 6749 5.1), whatever its flavour says. */
export function standardTokens({ root }: ReadAnswer): { accessToken: string | null; refreshToken: string | null } {
  return {
    accessToken: tokenIn(fieldAt(root, "access_token", {})),
    refreshToken: tokenIn(fieldAt(root, "refresh_token", {})),
  };
}

/** Gathers what OAuth 2.0 does not name: what lies beside the tokens, and what lies around their root. */
export function otherMembers({ root, whole }: ReadAnswer, flavour: Flavour): Members {
  const ofTokens = NAMED.flatMap((field) => [flavour.field_names?.[field] ?? field, field, camelCase(field)]);
  const roots = listOf(flavour.response_root, "");
  const around = roots
    .flatMap((path) => ofTokens.map((field) => joined(path, field)))
    .reduce<Members>((members, path) => without(members, path), whole);
  const beside = ofTokens.reduce<Members>((members, path) => without(members, path), root);
  const all = root === whole ? beside : { ...around, ...beside };
  return OF_ERRORS.reduce<Members>((members, path) => without(members, path), { ...all });
}

/** Finds what lies at a path; undefined when nothing does. */
export function valueAt(value: unknown, path: string): unknown {
  if (path === "") return value;
  return path.split(".").reduce<unknown>((at, name) => {
    return typeof at === "object" && at !== null && Object.hasOwn(at, name) ? (at as Members)[name] : undefined;
  }, value);
}

function fieldAt(root: Members, field: AnswerField, { field_names = {} }: Flavour): unknown {
  const named = field_names[field];
  if (named !== undefined) return valueAt(root, named);
  const spellings = [field, camelCase(field), ...(field === "scope" ? ["scopes"] : [])];
  return spellings.map((name) => valueAt(root, name)).find((value) => value !== undefined && value !== null);
}

/** An `error` counts wherever it stands in an answer; a code by another name only where there is no token. */
function errorIn(flavour: Flavour, whole: Members, hasToken: boolean): ErrorSaid | null {
  const { success } = flavour;
  const stated = success === undefined ? null : codeOf(valueAt(whole, success.path));
  if (success !== undefined && stated === String(success.equals)) return null;
  const said = listOf(flavour.error_path, "error")
    .map((path) => ({ path, value: valueAt(whole, path) }))
    .filter(({ value }) => isSaid(value));
  // An object may stand where others have a code: what it holds may be at another path.
  const found = said.find(({ value }) => codeOf(value) !== null) ?? said[0];
  const error = { code: codeOf(found?.value) ?? stated, said: textsIn(whole) };
  if (success !== undefined) return error;
  if (found === undefined || (hasToken && found.path !== "error")) return isSaid(whole["error"]) ? error : null;
  return error;
}

/** Some providers send an empty error with every success. */
function isSaid(value: unknown): boolean {
  if (typeof value === "object" && value !== null && Object.keys(value).length === 0) return false;
  return value !== undefined && value !== null && value !== "" && value !== false && value !== 0;
}

function codeOf(value: unknown): string | null {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : null;
}

function textsIn(whole: Members): string {
  return DESCRIPTIONS.map((path) => valueAt(whole, path))
    .filter(isText)
    .join("\n");
}

/** Copies an object without what lies at a path. */
function without(members: Members, path: string): Members {
  const [name = "", ...rest] = path.split(".");
  if (!Object.hasOwn(members, name)) return members;
  const { [name]: value, ...others } = members;
  if (rest.length === 0) return others;
  if (Array.isArray(value)) {
    const at = rest[0] ?? "";
    const entries = value.map((each: unknown, index) =>
      isObject(each) && String(index) === at ? without(each, rest.slice(1).join(".")) : each,
    );
    return { ...members, [name]: entries };
  }
  return isObject(value) ? { ...members, [name]: without(value, rest.join(".")) } : members;
}

function listOf(paths: string | string[] | undefined, otherwise: string): string[] {
  return paths === undefined ? [otherwise] : [paths].flat();
}

function joined(root: string, path: string): string {
  return root === "" ? path : `${root}.${path}`;
}

function camelCase(name: string): string {
  return name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Gives a token as text: some send a number. Null: it is none, or one that JSON has rounded. */
function tokenIn(value: unknown): string | null {
  if (isText(value)) return value;
  return Number.isSafeInteger(value) ? String(value) : null;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

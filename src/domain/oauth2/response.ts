/**
 * What a token endpoint said, and what it means: an answer of any shape is normalised into a conforming one, a refusal is
 * put into a class, and the lifetime of a token is worked out. Sends nothing and reads no clock.
 */

import { boundedMembers } from "../free-form.ts";
import type { Grant } from "../secret.ts";

/**
 * What follows from a failed request.
 * `retry`: nothing reached the provider · `ambiguous`: the provider may have acted, and its answer was lost ·
 * `rate_limited` · `reauthorize`: the grant is dead · `config_error`: the client is refused · `too_early`: the token at hand is to
 * be used up first.
 */
export type RefusalClass = (typeof REFUSAL_CLASSES)[number];
export const REFUSAL_CLASSES = [
  "retry",
  "ambiguous",
  "rate_limited",
  "reauthorize",
  "config_error",
  "too_early",
] as const;

/** A code for programs and logs: a provider's own code only where it is of this list, never its words. */
export type Reason = KnownProviderCode | OwnReason | `http_${number}`;

type KnownProviderCode = (typeof KNOWN_PROVIDER_CODES)[number];
type OwnReason = (typeof OWN_REASONS)[number];

const KNOWN_PROVIDER_CODES = [
  "access_denied",
  "consent_required",
  "interaction_required",
  "invalid_client",
  "invalid_grant",
  "invalid_request",
  "invalid_scope",
  "invalid_target",
  "login_required",
  "server_error",
  "temporarily_unavailable",
  "unauthorized_client",
  "unsupported_grant_type",
  "unsupported_response_type",
] as const;

const OWN_REASONS = [
  "address_refused",
  "another_account",
  "client_gone",
  "expired",
  "interrupted",
  "lost_rotation",
  "missing_access_token",
  "provider_unreachable",
  "provider_refused",
  "rate_limited",
  "redirect_refused",
  "response_too_large",
  "storage_integrity",
  "storage_unavailable",
  "timeout",
  "too_early",
  "unreadable_answer",
] as const;

/** What came back, before anybody has judged it. `body` is at most 1 MiB. */
export interface RawAnswer {
  status: number;
  /** The `Retry-After` header as it came. */
  retryAfter: string | null;
  body: string;
}

/** What stands instead of a grant. */
export interface Refusal {
  class: RefusalClass;
  reason: Reason;
  retryAfterSeconds: number | null;
}

/** What a request came to. Times are milliseconds since the epoch; `expiresAt` null means never. */
export type Heard =
  | {
      kind: "granted";
      grant: Grant;
      issuedAt: number;
      expiresAt: number | null;
      /** Null: not told; undefined: nor told again, and it is the refresh token of before. */
      refreshTokenExpiresAt?: number | null | undefined;
    }
  | { kind: "refused"; refusal: Refusal };

/** The members of a token answer, before anybody has judged them. */
export type Members = Record<string, unknown>;

/** Members of a token answer that OAuth 2.0 names (RFC 6749 5.1, 5.2), and never keeps as something else. */
const NAMED = new Set([
  "access_token",
  "token_type",
  "expires_in",
  "refresh_token",
  "scope",
  "error",
  "error_description",
  "error_uri",
]);

/** What a header can carry as the scheme of an Authorization (RFC 9110 5.6.2). */
export const TOKEN_TYPE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/;
/** What a header can carry as an access token (RFC 6749 A.12). */
export const ACCESS_TOKEN = /^[\x20-\x7e]+$/;

/** The longest lifetime that is believed, in seconds. */
const MAX_LIFETIME_SECONDS = 2 ** 31 - 1;
/** The lifetime of a token that states none and can be refreshed, in seconds. */
const ASSUMED_LIFETIME_SECONDS = 3600;
const MAX_RETRY_AFTER_SECONDS = 3600;

/** Turns an answer of any dialect into the members of a JSON token answer, or null when it is neither JSON nor a form. */
export function membersOf(answer: RawAnswer): Members | null {
  const text = answer.body.replace(/^\uFEFF/, "").trim();
  if (text.startsWith("{")) {
    try {
      return JSON.parse(text) as Members;
    } catch {
      return null;
    }
  }
  if (/^[\w.-]+=/.test(text) && !text.includes("\n")) return Object.fromEntries(new URLSearchParams(text));
  return null;
}

/** Makes a conforming token answer (RFC 6749 5.1) of these members: what is missing and implied is put in, the rest left out. */
export function conformingAnswer(members: Members): Members {
  const { access_token, refresh_token, scope } = members;
  const answer: Members = { access_token, token_type: "Bearer" };
  if (typeof refresh_token === "string" && refresh_token !== "") answer.refresh_token = refresh_token;
  if (Array.isArray(scope)) answer.scope = scope.filter((each) => typeof each === "string").join(" ");
  else if (typeof scope === "string") answer.scope = scope;
  return answer;
}

/** Decides whether members tell of an error. Some providers send an empty one with every success. */
export function isError({ error }: Members): boolean {
  return error !== undefined && error !== null && error !== "" && error !== false;
}

/** Names the type under which a token is used: the provider's own word where a header can carry it, else Bearer. */
export function tokenTypeOf({ token_type }: Members): string {
  if (typeof token_type !== "string" || !TOKEN_TYPE.test(token_type)) return "Bearer";
  return token_type.toLowerCase() === "bearer" ? "Bearer" : token_type;
}

/** Picks out what OAuth 2.0 does not name (`instance_url`, `id_token`, …), within bounds and without refresh tokens by other names. */
export function undefinedParams(members: Members): Record<string, unknown> {
  return boundedMembers(Object.fromEntries(Object.entries(members).filter(([name]) => !NAMED.has(name))));
}

/** Finds a provider's code in the list of those that may be shown and logged. */
export function knownReason(code: unknown): KnownProviderCode | null {
  return KNOWN_PROVIDER_CODES.find((each) => each === code) ?? null;
}

/**
 * Judges a refusal by its code and status (RFC 6749 5.2; RFC 6585 4). `code` is the answer's `error`, whatever it holds; `flavoured` is the
 * class that the provider's flavour gives it, and comes first.
 */
export function judgeRefusal(
  status: number,
  code: unknown,
  retryAfterSeconds: number | null,
  flavoured: RefusalClass | null = null,
): Refusal {
  const refused = (refusal: RefusalClass, reason: Reason): Refusal => ({ class: refusal, reason, retryAfterSeconds });

  if (flavoured === "too_early" || flavoured === "rate_limited") return refused(flavoured, flavoured);
  if (flavoured !== null) return refused(flavoured, knownReason(code) ?? "provider_refused");
  if (status === 429) return refused("rate_limited", "rate_limited");
  if (status >= 300 && status < 400) return refused("config_error", "redirect_refused");
  if (status >= 500 || status === 408 || status === 425) return refused("ambiguous", `http_${status}`);
  const known = knownReason(code);
  switch (known) {
    case "invalid_grant":
    case "interaction_required":
    case "consent_required":
    case "login_required":
      return refused("reauthorize", known);
    case "server_error":
    case "temporarily_unavailable":
      return refused("ambiguous", known);
    case null:
      if (status === 401) return refused("config_error", "invalid_client");
      if (typeof code === "string") return refused("config_error", "provider_refused");
      return status >= 400 ? refused("ambiguous", `http_${status}`) : refused("ambiguous", "unreadable_answer");
    default:
      return refused("config_error", known);
  }
}

/** Reads `Retry-After` (RFC 9110 10.2.3): seconds or a date, at most an hour; null when absent or unreadable. */
export function parseRetryAfter(header: string | null, now: number): number | null {
  if (header === null) return null;
  const text = header.trim();
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : Math.ceil((Date.parse(text) - now) / 1000);
  if (Number.isNaN(seconds)) return null;
  return Math.min(Math.max(seconds, 0), MAX_RETRY_AFTER_SECONDS);
}

/** Members in which providers tell how many seconds a refresh token lives. */
const REFRESH_TOKEN_LIFETIMES = ["refresh_token_expires_in", "refresh_expires_in", "x_refresh_token_expires_in"];

/** Reads how many seconds the refresh token lives, where an answer tells it; null when not. Zero is how some say "for ever". */
export function refreshTokenLifetimeSeconds(members: Members): number | null {
  const stated = REFRESH_TOKEN_LIFETIMES.map((name) => readLifetime(members[name])).find((seconds) => seconds > 0);
  return stated ?? null;
}

/**
 * Works out how long a token lives, in seconds from the moment its request was sent; null means for ever.
 * In order: the answer's `expires_in`, the client's `token_expires_in`, the token's own `exp` where it is a JWT,
 * an hour where there is a refresh token.
 */
export function lifetimeSeconds(known: {
  expiresIn: unknown;
  clientDefault: number | undefined;
  jwtExpiresAt: number | null;
  sentAt: number;
  hasRefreshToken: boolean;
  zeroMeansNever?: boolean | undefined;
}): number | null {
  const stated = readLifetime(known.expiresIn);
  if (stated > 0) return stated;
  if (known.zeroMeansNever === true && isZero(known.expiresIn)) return null;
  if (known.clientDefault !== undefined) return clampLifetime(known.clientDefault);
  if (known.jwtExpiresAt !== null) return Math.max(0, clampLifetime((known.jwtExpiresAt - known.sentAt) / 1000));
  return known.hasRefreshToken ? ASSUMED_LIFETIME_SECONDS : null;
}

/** Reads seconds from a number, or a text that holds one; 0 for anything else. */
function readLifetime(stated: unknown): number {
  const isReadable = typeof stated === "number" || typeof stated === "string";
  const seconds = isReadable ? clampLifetime(Number(stated)) : 0;
  return seconds > 0 ? seconds : 0;
}

function isZero(stated: unknown): boolean {
  return stated === 0 || (typeof stated === "string" && stated.trim() !== "" && Number(stated) === 0);
}

function clampLifetime(seconds: number): number {
  return Math.min(Math.floor(seconds), MAX_LIFETIME_SECONDS);
}

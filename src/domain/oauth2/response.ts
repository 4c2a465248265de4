/** What an answer of a token endpoint means: a grant, or a refusal, which is put into a class. Sends nothing and reads no clock. */

import type { Grant } from "../secret.ts";
import type { ExpirySource } from "./lifetime.ts";

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
export type Reason = NamedReason | `http_${number}`;

/** The reasons that have a name of their own. */
export type NamedReason = KnownProviderCode | OwnReason;

type KnownProviderCode = (typeof KNOWN_PROVIDER_CODES)[number];
type OwnReason = (typeof OWN_REASONS)[number];

/** RFC 6749 4.1.2.1 and 5.2, RFC 8707 2, OpenID Connect Core 3.1.2.6. */
const KNOWN_PROVIDER_CODES = [
  "access_denied",
  "account_selection_required",
  "consent_required",
  "interaction_required",
  "invalid_client",
  "invalid_grant",
  "invalid_request",
  "invalid_request_object",
  "invalid_request_uri",
  "invalid_scope",
  "invalid_target",
  "login_required",
  "registration_not_supported",
  "request_not_supported",
  "request_uri_not_supported",
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
  "host_unknown",
  "interrupted",
  "lost_rotation",
  "missing_access_token",
  "no_key",
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
  "unsupported_format",
] as const;

/** What stands instead of a grant. */
export interface Refusal {
  class: RefusalClass;
  reason: Reason;
  retryAfterSeconds: number | null;
  /** The provider's own word for it, for those who decide: never shown, never logged. */
  providerCode?: string | null;
  /** In which format it answered, where that cannot be read. */
  mediaType?: string | null;
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
      expirySource?: ExpirySource;
      /** What in the answer was not believed. */
      warning?: "invalid_expires_in" | null;
    }
  | { kind: "refused"; refusal: Refusal };

/** What a header can carry as the scheme of an Authorization (RFC 9110 5.6.2). */
export const TOKEN_TYPE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/;
/** What a header can carry as an access token (RFC 6749 A.12). */
export const ACCESS_TOKEN = /^[\x20-\x7e]+$/;

const MAX_RETRY_AFTER_SECONDS = 3600;
const MAX_CODE_LENGTH = 200;

/** What some providers call the type of a token that is used as Bearer: whose it is. */
const NO_SCHEME = /^(user|bot|app|access_?token)$/i;

/** Names the type under which a token is used: the provider's own word where it is a scheme that a header can carry, else Bearer. */
export function tokenTypeOf(token_type: unknown): string {
  if (typeof token_type !== "string" || !TOKEN_TYPE.test(token_type) || NO_SCHEME.test(token_type)) return "Bearer";
  return token_type.toLowerCase() === "bearer" ? "Bearer" : token_type;
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
  const known = knownReason(code);
  const providerCode = typeof code === "string" ? code.slice(0, MAX_CODE_LENGTH) : null;
  const refused = (refusal: RefusalClass, reason: Reason): Refusal => ({
    class: refusal,
    reason,
    retryAfterSeconds,
    providerCode,
  });

  if (flavoured === "too_early" || flavoured === "rate_limited") return refused(flavoured, flavoured);
  if (flavoured !== null) return refused(flavoured, known ?? "provider_refused");
  if (status === 429) return refused("rate_limited", "rate_limited");
  if (status >= 300 && status < 400) return refused("config_error", "redirect_refused");
  if (status >= 500 || status === 408 || status === 425) return refused("ambiguous", `http_${status}`);
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

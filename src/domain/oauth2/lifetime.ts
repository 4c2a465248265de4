/** How long a token lives: what an answer says in whatever unit, and what is believed where it says nothing. Pure. */

import { type Members, type ReadAnswer, valueAt } from "./answer.ts";
import type { ExpiresUnit, Flavour } from "./flavour.ts";

/** Where an expiry is known from. */
export type ExpirySource = "answer" | "token_expires_in" | "jwt" | "introspection" | "assumed" | "none";

/** What is known of an expiry. */
export interface Lifetime {
  /** From the moment the request was sent; null: for ever. */
  seconds: number | null;
  source: ExpirySource;
  /** The answer states a lifetime that nobody can read. */
  isUnreadable: boolean;
}

/** The longest lifetime that is believed, in seconds. */
const MAX_LIFETIME_SECONDS = 2 ** 31 - 1;
/** The lifetime of a token that states none and can be renewed, in seconds. */
const ASSUMED_LIFETIME_SECONDS = 3600;
/** Two statements of one expiry that differ by more are two. */
const SKEW_SECONDS = 60;
/** A number beyond this is an instant in seconds, and beyond the next one in milliseconds, where no unit is stated. */
const OLDEST_EPOCH = 1e9;
const OLDEST_EPOCH_MS = 1e11;

/** Members in which an answer may tell when a token expires, where no flavour names one. */
const LIFETIMES_OR_INSTANTS = ["expires", "expires_at", "expiresAt"];
/** Members in which providers tell how long a refresh token lives, or when it ends. */
const REFRESH_TOKEN_LIFETIMES = [
  ...["refresh_token_expires_in", "refresh_expires_in", "x_refresh_token_expires_in"],
  ...["refresh_token_expires_at", "refreshTokenExpiresAt"],
];

/** How a date begins (RFC 3339 5.6, RFC 9110 5.6.7): other words with a number in them are a date to `Date.parse`, too. */
const DATE = /^\s*(\d{4}-\d{2}-\d{2}|[A-Z][a-z]{2}, \d)/;

/** What a lifetime is worked out from. Instants are milliseconds since the epoch. */
interface Known {
  /** What the answer states, in seconds from `sentAt`; see `statedIn`. */
  stated: Stated;
  clientDefault: number | undefined;
  jwtExpiresAt: number | null;
  sentAt: number;
  isRenewable: boolean;
}

/** What somebody states of a lifetime, in seconds. Zero or less: it is over. `never` and `unreadable` are what they say. */
export type Stated = number | "never" | "nothing" | "unreadable";

/**
 * Works out how long a token lives. In order: what the answer states, the client's `token_expires_in`, the token's own `exp` where it is
 * a JWT, an hour where it can be renewed.
 */
export function lifetimeOf({ stated, clientDefault, jwtExpiresAt, sentAt, isRenewable }: Known): Lifetime {
  const known = (seconds: number | null, source: ExpirySource): Lifetime => ({
    seconds,
    source,
    isUnreadable: stated === "unreadable",
  });
  if (typeof stated === "number") return known(Math.max(0, clamped(stated)), "answer");
  if (stated === "never") return known(null, "answer");
  if (clientDefault !== undefined) return known(clamped(clientDefault), "token_expires_in");
  if (jwtExpiresAt !== null) return known(Math.max(0, clamped((jwtExpiresAt - sentAt) / 1000)), "jwt");
  return isRenewable ? known(ASSUMED_LIFETIME_SECONDS, "assumed") : known(null, "none");
}

/** Reads what an answer states of its token's expiry. Two statements that contradict each other: the one that is over first. */
export function statedIn({ root, whole, tokens }: ReadAnswer, flavour: Flavour, sentAt: number): Stated {
  const { expires_field, expires_unit: unit, zero_means_never: zeroIsNever = false } = flavour;
  const read = (value: unknown, as: ExpiresUnit | undefined) => secondsOf(value, as, zeroIsNever, sentAt);
  const named =
    expires_field === undefined ? undefined : (valueAt(root, expires_field) ?? valueAt(whole, expires_field));
  if (isStated(named)) return read(named, unit);
  // Not every answer of a provider has the member that the flavour names, and the unit is that of this member.
  const own = expires_field === undefined ? unit : undefined;
  const first = read(tokens.expires_in, own ?? (isBare(tokens.expires_in) ? "s" : undefined));
  const [name, other] =
    LIFETIMES_OR_INSTANTS.map((each) => [each, valueAt(root, each)] as const).find(([, value]) => isStated(value)) ??
    [];
  const isLifetime = first === "nothing" && name === "expires" && own === "ms";
  const second = read(other, isLifetime ? own : undefined);
  if (typeof second !== "number") return first === "nothing" ? second : first;
  if (typeof first !== "number") return first === "never" ? first : second;
  const isContradicted = second > 0 && first - second > SKEW_SECONDS;
  return isContradicted ? second : first;
}

/** Reads what somebody states without a flavour: seconds, or nothing. */
export function statedSeconds(value: unknown): Stated {
  return secondsOf(value, "s", false, 0);
}

/**
 * Reads how many seconds the refresh token lives from `sentAt` on, where an answer tells it or the instant; null when not. Zero is how some
 * say "for ever".
 */
export function refreshTokenLifetimeSeconds({ root, tokens }: ReadAnswer, sentAt: number): number | null {
  const values = [tokens.refresh_token_expires_in, ...valuesAt(root, REFRESH_TOKEN_LIFETIMES)];
  return values.map((value) => secondsOf(value, undefined, false, sentAt)).find(isPositive) ?? null;
}

function secondsOf(value: unknown, unit: ExpiresUnit | undefined, zeroIsNever: boolean, sentAt: number): Stated {
  if (!isStated(value)) return "nothing";
  if (zeroIsNever && isZero(value)) return "never";
  const number = typeof value === "number" ? value : Number(typeof value === "string" ? value.trim() : Number.NaN);
  switch (unit ?? likelyUnit(value, number)) {
    case "s":
      return clamped(number) >= 1 ? clamped(number) : "unreadable";
    case "ms":
      return clamped(number / 1000) >= 1 ? clamped(number / 1000) : "unreadable";
    case "epoch":
      return until(number * 1000, sentAt);
    case "epoch_ms":
      return until(number, sentAt);
    case "rfc3339":
      return until(typeof value === "string" && DATE.test(value) ? Date.parse(value) : Number.NaN, sentAt);
  }
}

function likelyUnit(value: unknown, number: number): ExpiresUnit {
  if (typeof value === "string" && Number.isNaN(number)) return "rfc3339";
  if (number >= OLDEST_EPOCH_MS) return "epoch_ms";
  return number >= OLDEST_EPOCH ? "epoch" : "s";
}

function until(instant: number, sentAt: number): Stated {
  return instant > 0 ? clamped((instant - sentAt) / 1000) : "unreadable";
}

function isStated(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}

/** An `expires_in` is seconds whatever its size, unless it is no number at all. */
function isBare(value: unknown): boolean {
  return typeof value === "number" || (typeof value === "string" && !Number.isNaN(Number(value)));
}

function isZero(value: unknown): boolean {
  return value === 0 || (typeof value === "string" && value.trim() !== "" && Number(value) === 0);
}

function isPositive(stated: Stated): stated is number {
  return typeof stated === "number" && stated > 0;
}

function valuesAt(members: Members, names: readonly string[]): unknown[] {
  return names.map((name) => valueAt(members, name));
}

function clamped(seconds: number): number {
  return Math.min(Math.floor(seconds), MAX_LIFETIME_SECONDS);
}

/**
 * What was heard in a token answer: a refusal, or a grant with its times. Pure; whether the answer conforms to the standard, and what its
 * JWTs say, is found out in between by whoever has the libraries for it.
 */

import { boundedMembers, withoutTexts } from "../free-form.ts";
import { foreignFormat, otherMembers, type RawAnswer, type ReadAnswer, standardTokens } from "./answer.ts";
import { exchangesItself, type Flavour, flavouredClass, flavourFor } from "./flavour.ts";
import { lifetimeOf, refreshTokenLifetimeSeconds, statedIn } from "./lifetime.ts";
import type { TokenRequest } from "./request.ts";
import { type Heard, judgeRefusal, parseRetryAfter, type Refusal, tokenTypeOf } from "./response.ts";

/** A text of fewer characters is in others by chance. */
const SHORTEST_TOKEN = 16;

/** The tokens of an answer that conforms, and what the JWTs among them say. */
export interface HeardTokens {
  accessToken: string;
  /** Null: the answer holds none. */
  refreshToken: string | null;
  scope: string | null;
  /** Milliseconds since the epoch; null: the access token is no JWT, or does not say. */
  jwtExpiresAt: number | null;
  subject: string | null;
}

/** Hears a refusal in an answer; null when it tells of a success. `read` null: it has no members. */
export function heardRefusal(
  request: TokenRequest,
  answer: RawAnswer,
  read: ReadAnswer | null,
  now: number,
): Heard | null {
  const isSuccess = answer.status >= 200 && answer.status < 300;
  if (isSuccess && read !== null && read.error === null) return null;
  const format = read === null ? foreignFormat(answer) : null;
  if (isSuccess && format !== null) return unsupported(format, answer);
  if (isSuccess && read === null) return null;
  const wait = parseRetryAfter(answer.retryAfter, now);
  const code = read?.error?.code ?? undefined;
  const flavoured = flavouredClass(request.registration.flavour, code, read?.error?.said);
  return { kind: "refused", refusal: judgeRefusal(answer.status, code, wait, flavoured) };
}

/** A page may stand there for a while; a provider that speaks XML always will. */
function unsupported(format: "html" | "xml", { mediaType }: RawAnswer): Heard {
  const refusal = {
    reason: "unsupported_format",
    retryAfterSeconds: null,
    mediaType: mediaType ?? `text/${format}`,
  } as const;
  return { kind: "refused", refusal: { ...refusal, class: format === "xml" ? "config_error" : "ambiguous" } };
}

/** Hears a grant. An answer to a refresh that holds no refresh token leaves the old one valid (RFC 6749 6). */
export function heardGrant(request: TokenRequest, read: ReadAnswer, tokens: HeardTokens, sentAt: number): Heard {
  const { registration } = request;
  const flavour = flavourFor(registration.flavour, request.kind);
  const kept = request.kind === "refresh" && !exchangesItself(flavour) ? request.refreshToken : null;
  const refreshToken = tokens.refreshToken ?? kept;
  const lifetime = lifetimeOf({
    stated: statedIn(read, flavour, sentAt),
    clientDefault: registration.token_expires_in,
    jwtExpiresAt: tokens.jwtExpiresAt,
    sentAt,
    isRenewable: refreshToken !== null || request.kind !== "code_exchange" || exchangesItself(flavour),
  });
  const known = tokensKnown(request, read, tokens);
  const refreshTokenLifetime = refreshTokenLifetimeSeconds(read, sentAt);
  const whatIsKnown = refreshToken === kept ? undefined : null;
  return {
    kind: "granted",
    issuedAt: sentAt,
    expiresAt: lifetime.seconds === null ? null : sentAt + lifetime.seconds * 1000,
    refreshTokenExpiresAt: refreshTokenLifetime === null ? whatIsKnown : sentAt + refreshTokenLifetime * 1000,
    expirySource: lifetime.source,
    warning: lifetime.isUnreadable ? "invalid_expires_in" : null,
    grant: {
      access_token: tokens.accessToken,
      token_type: tokenTypeOf(read.tokens.token_type),
      refresh_token: refreshToken,
      // A flavour says where the scope is, and whoever may write that may not see tokens.
      scope: tokens.scope !== null && known.some((token) => holds(tokens.scope ?? "", token)) ? null : tokens.scope,
      undefined_params: undefinedParams(request, read, flavour, known),
      subject: tokens.subject,
    },
  };
}

/** Gathers what else is kept. What came in the callback is said by no answer, because URIs may hold it. */
function undefinedParams(
  request: TokenRequest,
  read: ReadAnswer,
  flavour: Flavour,
  known: string[],
): Record<string, unknown> {
  const others = { ...otherMembers(read, flavour) };
  const names = flavour.callback_extra ?? [];
  if (names.length > 0) delete others["callback"];
  const isExchange = names.length > 0 && request.kind === "code_exchange";
  // First, so that there is room for it whatever else an answer holds.
  const said = isExchange ? { callback: callbackExtra(request.callback, names) } : {};
  // Some send a token twice, by another name: an access token would grow old here, and a refresh token would leave.
  return withoutTexts(boundedMembers({ ...said, ...others }), (text) => known.some((token) => holds(text, token)));
}

/** Lists the tokens of an answer, by whatever name, and the one that was spent for it. */
function tokensKnown(request: TokenRequest, read: ReadAnswer, tokens: HeardTokens): string[] {
  const spent = request.kind === "refresh" ? request.refreshToken : null;
  const heard = [tokens.accessToken, tokens.refreshToken, spent, ...Object.values(standardTokens(read))];
  return heard.filter((token) => token !== null);
}

/**
 * Decides whether what is taken for an access token is a refresh token: what the answer itself calls so, or the one just spent. Where a flavour
 * exchanges the access token itself, both are one.
 */
export function isRefreshToken(request: TokenRequest, read: ReadAnswer, accessToken: string): boolean {
  if (exchangesItself(flavourFor(request.registration.flavour, request.kind))) return false;
  const { refreshToken, accessToken: own } = standardTokens(read);
  const spent = request.kind === "refresh" ? request.refreshToken : null;
  return accessToken !== own && (accessToken === refreshToken || accessToken === spent);
}

/** Decides whether a text is a token, or has it in it; a short one may be in any text. */
function holds(text: string, token: string): boolean {
  return text === token || (token.length >= SHORTEST_TOKEN && text.includes(token));
}

/** Picks out what of a callback's query is kept. */
export function callbackExtra(query: URLSearchParams, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = query.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );
}

/** Hears nothing in an answer that cannot be used: nobody knows what the provider did (docs/decisions/0005). */
export function heardNothing(reason: Refusal["reason"]): Heard {
  return { kind: "refused", refusal: { class: "ambiguous", reason, retryAfterSeconds: null } };
}

/** Hears that nothing can be asked: there is no key to sign with. */
export function heardNoKey(): Heard {
  return { kind: "refused", refusal: { class: "config_error", reason: "no_key", retryAfterSeconds: null } };
}

/** Hears that nothing can be asked: a URI has a variable for which nothing allowed is said. */
export function heardNoHost(): Heard {
  return { kind: "refused", refusal: { class: "config_error", reason: "host_unknown", retryAfterSeconds: null } };
}

/**
 * What was heard in a token answer: a refusal, or a grant with its times. Pure; whether the answer conforms to the standard, and what its
 * JWTs say, is found out in between by whoever has the libraries for it.
 */

import { flavouredClass } from "./flavour.ts";
import type { TokenRequest } from "./request.ts";
import {
  type Heard,
  isError,
  judgeRefusal,
  lifetimeSeconds,
  type Members,
  parseRetryAfter,
  type RawAnswer,
  type Refusal,
  refreshTokenLifetimeSeconds,
  tokenTypeOf,
  undefinedParams,
} from "./response.ts";

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

/** Hears a refusal in an answer; null when it tells of a success. `members` as `membersOf` makes them. */
export function heardRefusal(
  request: TokenRequest,
  answer: RawAnswer,
  members: Members | null,
  now: number,
): Heard | null {
  const isSuccess = answer.status >= 200 && answer.status < 300;
  if (isSuccess && (members === null || !isError(members))) return null;
  const wait = parseRetryAfter(answer.retryAfter, now);
  const flavoured = flavouredClass(request.registration.flavour, members?.error, members?.error_description);
  return { kind: "refused", refusal: judgeRefusal(answer.status, members?.error, wait, flavoured) };
}

/** Hears a grant. An answer to a refresh that holds no refresh token leaves the old one valid (RFC 6749 6). */
export function heardGrant(request: TokenRequest, members: Members, tokens: HeardTokens, sentAt: number): Heard {
  const { registration } = request;
  const kept = request.kind === "refresh" ? request.refreshToken : null;
  const refreshToken = tokens.refreshToken ?? kept;
  const lifetime = lifetimeSeconds({
    expiresIn: members["expires_in"],
    clientDefault: registration.token_expires_in,
    jwtExpiresAt: tokens.jwtExpiresAt,
    sentAt,
    hasRefreshToken: refreshToken !== null,
    zeroMeansNever: registration.flavour?.zero_means_never,
  });
  const refreshTokenLifetime = refreshTokenLifetimeSeconds(members);
  const whatIsKnown = refreshToken === kept ? undefined : null;
  return {
    kind: "granted",
    issuedAt: sentAt,
    expiresAt: lifetime === null ? null : sentAt + lifetime * 1000,
    refreshTokenExpiresAt: refreshTokenLifetime === null ? whatIsKnown : sentAt + refreshTokenLifetime * 1000,
    grant: {
      access_token: tokens.accessToken,
      token_type: tokenTypeOf(members),
      refresh_token: refreshToken,
      scope: tokens.scope,
      undefined_params: undefinedParams(members),
      subject: tokens.subject,
    },
  };
}

/** Hears nothing in an answer that cannot be used: nobody knows what the provider did (docs/decisions/0005). */
export function heardNothing(reason: Refusal["reason"]): Heard {
  return { kind: "refused", refusal: { class: "ambiguous", reason, retryAfterSeconds: null } };
}

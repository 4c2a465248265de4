/** Makes of a provider's answer what the actor hears, by the real rules of `domain/oauth2`, as `outbound/token-endpoint` does. */

import { flavouredClass } from "../../src/domain/oauth2/flavour.ts";
import {
  conformingAnswer,
  type Heard,
  isError,
  judgeRefusal,
  lifetimeSeconds,
  membersOf,
  parseRetryAfter,
  type RawAnswer,
  type Refusal,
  refreshTokenLifetimeSeconds,
  tokenTypeOf,
  undefinedParams,
} from "../../src/domain/oauth2/response.ts";
import type { TokenRequest } from "../../src/domain/oauth2/request.ts";

/** Judges an answer. `sentAt` and `now` are by the actor's own clock. */
export function hear(request: TokenRequest, answer: RawAnswer, sentAt: number, now: number): Heard {
  const members = membersOf(answer);
  const isSuccess = answer.status >= 200 && answer.status < 300;
  if (!isSuccess || (members !== null && isError(members))) {
    const wait = parseRetryAfter(answer.retryAfter, now);
    const flavoured = flavouredClass(request.registration.flavour, members?.error, members?.error_description);
    return { kind: "refused", refusal: judgeRefusal(answer.status, members?.error, wait, flavoured) };
  }
  if (members === null) return lost("unreadable_answer");
  const { access_token, refresh_token } = conformingAnswer(members);
  if (typeof access_token !== "string") return lost("missing_access_token");
  const kept = request.kind === "refresh" ? request.refreshToken : null;
  const refreshToken = typeof refresh_token === "string" ? refresh_token : kept;
  const lifetime = lifetimeSeconds({
    expiresIn: members.expires_in,
    clientDefault: request.registration.token_expires_in,
    jwtExpiresAt: null,
    sentAt,
    hasRefreshToken: refreshToken !== null,
    zeroMeansNever: request.registration.flavour?.zero_means_never,
  });
  const refreshTokenLifetime = refreshTokenLifetimeSeconds(members);
  const whatIsKnown = refreshToken === kept ? undefined : null;
  return {
    kind: "granted",
    issuedAt: sentAt,
    expiresAt: lifetime === null ? null : sentAt + lifetime * 1000,
    refreshTokenExpiresAt: refreshTokenLifetime === null ? whatIsKnown : sentAt + refreshTokenLifetime * 1000,
    grant: {
      access_token,
      token_type: tokenTypeOf(members),
      refresh_token: refreshToken,
      scope: null,
      undefined_params: undefinedParams(members),
      subject: null,
    },
  };
}

/** What is heard when no answer can be used: nobody knows what the provider did (docs/decisions/0005). */
export function lost(reason: Refusal["reason"]): Heard {
  return { kind: "refused", refusal: { class: "ambiguous", reason, retryAfterSeconds: null } };
}

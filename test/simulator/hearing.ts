/** Makes of a provider's answer what the actor hears, by the real rules; providers here answer in the standard's own form. */

import { conformingAnswer, membersOf, type RawAnswer, readAnswer } from "../../src/domain/oauth2/answer.ts";
import { flavourFor } from "../../src/domain/oauth2/flavour.ts";
import { heardGrant, heardNothing, heardRefusal } from "../../src/domain/oauth2/hearing.ts";
import type { TokenRequest } from "../../src/domain/oauth2/request.ts";
import type { Heard } from "../../src/domain/oauth2/response.ts";

/** Judges an answer. `sentAt` and `now` are by the actor's own clock. */
export function hear(request: TokenRequest, answer: RawAnswer, sentAt: number, now: number): Heard {
  const members = membersOf(answer);
  const flavour = flavourFor(request.registration.flavour, request.kind);
  const read = members === null ? null : readAnswer(flavour, members);
  const refusal = heardRefusal(request, answer, read, now);
  if (refusal !== null) return refusal;
  if (read === null) return heardNothing("unreadable_answer");
  const { access_token, refresh_token } = conformingAnswer(read, flavour);
  if (typeof access_token !== "string") return heardNothing("missing_access_token");
  const refreshToken = typeof refresh_token === "string" ? refresh_token : null;
  const tokens = { accessToken: access_token, refreshToken, scope: null, jwtExpiresAt: null, subject: null };
  return heardGrant(request, read, tokens, sentAt);
}
